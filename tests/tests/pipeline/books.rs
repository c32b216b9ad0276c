//! The comparison that ends every scenario must itself be able to fail.

use pipeline_tests::{Differences, Provider, compare_books};

use crate::world::World;

#[tokio::test]
async fn every_kind_of_difference_is_found() {
    let world = World::start().await;
    let (_, checkout) = world.buy(Provider::Esewa).await;
    let id = &checkout.payment_intent_id;
    let sandbox = world.pipeline.sandbox();
    let found = async || compare_books(world.rows(), &sandbox, &[]).await.unwrap();
    let tamper = async |statements: String| {
        // The database itself refuses what these statements do, so its triggers are told to look away.
        let statements = format!("SET session_replication_role = replica; {statements}");
        world.rows().batch_execute(&statements).await.unwrap();
    };
    assert_eq!(found().await, Differences::default());

    tamper(format!("UPDATE orders SET total_minor = 1, subtotal_minor = 1 WHERE payment_intent_id = '{id}'"))
        .await;
    assert_eq!(found().await.mismatching.len(), 1);
    let charge = "UPDATE payment_gateway_verifications SET gateway_transaction_id = 'made-up'";
    tamper(charge.to_owned()).await;
    assert_eq!(found().await.invented.len(), 1);
    tamper(format!(
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, cause, idempotency_key, settled_at)
         VALUES ('{id}', {}, 'succeeded', 'gateway', 'made-up', now())",
        checkout.amount_minor
    ))
    .await;
    assert_eq!(found().await.invented.len(), 2);
    assert_eq!(found().await.duplicate.len(), 1);
    tamper("DELETE FROM refunds; DELETE FROM order_items; DELETE FROM orders".to_owned()).await;
    assert_eq!(found().await.missing.len(), 1);
}
