use std::collections::BTreeSet;

use domain::payments::look_up;

use crate::world::World;

#[tokio::test]
async fn a_payment_is_found_by_its_id_its_order_its_gateways_words_and_its_user() {
    let world = World::new().await;
    let (sale, other) = (world.sale().await, world.sale().await);
    let order_number = world.order(&sale).await;
    let id = &sale.intent.payment_intent_id;
    let transaction = format!("transaction-{id}");
    let mut connection = world.connection().await;
    let lower = order_number.to_lowercase();
    for text in [id, &order_number, &lower, &sale.intent.gateway_reference, &transaction, &sale.cart.user_id]
    {
        let found = look_up::search(&mut connection, &format!(" {text} ")).await.unwrap();
        let ids: Vec<&str> = found.iter().map(|payment| payment.payment_intent_id.as_str()).collect();
        assert_eq!(ids, [id], "{text}");
        assert_eq!(found[0].order_number.as_deref(), Some(order_number.as_str()));
    }
    for nothing in ["", " ", "%", "pi_esewa_nowhere", "a\0b"] {
        assert!(look_up::search(&mut connection, nothing).await.unwrap().is_empty(), "{nothing:?}");
    }
    let found = look_up::find(&mut connection, &other.intent.payment_intent_id).await.unwrap().unwrap();
    assert_eq!(found.summary.status, "awaiting_payment");
    assert_eq!((found.lines[0].quantity, found.lines[0].vendor_name.as_str()), (2, "Himal"));
    assert!(look_up::find(&mut connection, "pi_esewa_nowhere").await.unwrap().is_none());
}

#[tokio::test]
async fn pages_walk_all_followed_payments_once_while_payments_are_made() {
    let world = World::new().await;
    let mut expected = BTreeSet::new();
    for _ in 0..7 {
        expected.insert(world.sale().await.intent.payment_intent_id);
    }
    let closed = world.sale().await.intent.payment_intent_id;
    let close = "UPDATE payment_intents SET question_closed_at = now() WHERE payment_intent_id = $1";
    world.shop.client.execute(close, &[&closed]).await.unwrap();
    let mut connection = world.connection().await;
    let (mut walked, mut cursor) = (Vec::new(), None);
    for _ in 0..20 {
        let page = look_up::list_followed(&mut connection, 2, cursor.as_ref()).await.unwrap();
        walked.extend(page.payments.into_iter().map(|payment| payment.payment_intent_id));
        world.sale().await;
        let Some(next) = page.next_cursor else { break };
        cursor = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(walked.len(), 7, "{walked:?}");
    assert_eq!(walked.into_iter().collect::<BTreeSet<_>>(), expected);
    world.database.assert_no_violations().await;
}
