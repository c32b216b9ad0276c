//! An operator has the gateway asked again: through the one job that asks, seldom enough, and on record.

use domain::{
    operators::ByHand,
    payments::{AskAgainError, AskedAgain, ask_again},
};
use test_support::factories::{Intent, Provider};

use crate::world::World;

const BY: ByHand<'static> = ByHand { operator: "hari", reason: "the shopper called" };

async fn ask(world: &World, payment_intent_id: &str) -> Result<AskedAgain, AskAgainError> {
    let pool = world.database.pool_as("admin_console");
    ask_again(&mut pool.connection().await.unwrap(), payment_intent_id, BY, 5).await
}

async fn due_questions(world: &World, intent: &Intent) -> String {
    let read = "SELECT count(*)::text FROM job_queue WHERE idempotency_key = 'verify_payment:' || $1
        AND status = 'pending' AND run_at <= clock_timestamp()";
    world.text(read, intent).await
}

async fn audited(world: &World, intent: &Intent) -> String {
    let read =
        "SELECT count(*)::text FROM admin_audit_log WHERE subject = $1 AND action = 'payment_asked_again'
        AND operator = 'hari' AND reason = 'the shopper called'";
    world.text(read, intent).await
}

#[tokio::test]
async fn the_next_question_is_brought_forward_once_and_audited() {
    let world = World::new().await;
    let sale = world.intent(Provider::Khalti).await;
    let id = &sale.intent.payment_intent_id;
    assert_eq!(ask(&world, id).await.unwrap(), AskedAgain::BroughtForward);
    assert_eq!(ask(&world, id).await.unwrap(), AskedAgain::AlreadyDue);
    assert_eq!(due_questions(&world, &sale.intent).await, "1");
    assert_eq!(audited(&world, &sale.intent).await, "1");
    assert_eq!(world.claim("verify_payment").await.len(), 1);
    assert_eq!(ask(&world, id).await.unwrap(), AskedAgain::AlreadyDue, "it is being asked");
}

#[tokio::test]
async fn a_question_that_was_closed_is_asked_once_more_by_one_job_however_many_operators_ask() {
    let world = World::new().await;
    let sale = world.intent(Provider::Khalti).await;
    let id = &sale.intent.payment_intent_id;
    let close = "WITH done AS (UPDATE job_queue SET status = 'completed', completed_at = now()
                       WHERE idempotency_key = 'verify_payment:' || $1)
        UPDATE payment_intents SET question_closed_at = now() WHERE payment_intent_id = $1";
    world.shop.client.execute(close, &[id]).await.unwrap();
    let (one, other) = futures_util::join!(ask(&world, id), ask(&world, id));
    let asked = [one.unwrap(), other.unwrap()];
    assert!(asked.contains(&AskedAgain::Enqueued), "{asked:?}");
    assert_eq!(due_questions(&world, &sale.intent).await, "1");
}

#[tokio::test]
async fn the_gateway_is_not_asked_twice_in_two_seconds_nor_about_a_new_order_nor_about_nothing() {
    let world = World::new().await;
    let asked = world.intent(Provider::Esewa).await;
    let just_now = "UPDATE payment_intents SET last_asked_at = clock_timestamp() + interval '1 minute' WHERE payment_intent_id = $1";
    world.shop.client.execute(just_now, &[&asked.intent.payment_intent_id]).await.unwrap();
    let refused = ask(&world, &asked.intent.payment_intent_id).await;
    assert!(matches!(refused, Err(AskAgainError::AskedJustNow)), "{refused:?}");
    assert_eq!(due_questions(&world, &asked.intent).await, "0");
    assert_eq!(audited(&world, &asked.intent).await, "0");

    let order = world.completed(Provider::Khalti).await;
    let refused = ask(&world, &order.intent.payment_intent_id).await;
    assert!(matches!(refused, Err(AskAgainError::OrderIsNew)), "{refused:?}");

    for nothing in ["pi_esewa_nowhere", "a\0b"] {
        let refused = ask(&world, nothing).await;
        assert!(matches!(refused, Err(AskAgainError::UnknownIntent(_))), "{refused:?}");
    }
}
