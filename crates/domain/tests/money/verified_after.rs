//! How long a payment waited for its verification, and its order after that: only what somebody can know.

use std::time::Duration;

use domain::payments::{HeardBy, VerifiedAfter};
use test_support::factories::{Intent, Provider};

use crate::world::World;

/// A minute, and what a test takes.
fn is_about_a_minute(waited: Duration) -> bool {
    (Duration::from_secs(60)..Duration::from_secs(90)).contains(&waited)
}

async fn callback(world: &World, intent: &Intent, verdict: &str, ago: &str) {
    let insert = format!(
        "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, reason, raw_payload, created_at)
         VALUES ($1, 'khalti', 'return', '{verdict}', 'said by a test', '', clock_timestamp() - interval '{ago}')"
    );
    world.shop.client.execute(&insert, &[&intent.payment_intent_id]).await.unwrap();
}

async fn answer(world: &World, intent: &Intent, outcome: &str, ago: &str) {
    let insert = format!(
        "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause, created_at)
         VALUES ($1, 'gateway_answered', '{outcome}', 'callback', clock_timestamp() - interval '{ago}')"
    );
    world.shop.client.execute(&insert, &[&intent.payment_intent_id]).await.unwrap();
}

/// An intent made five minutes ago and paid since.
async fn paid(world: &World) -> Intent {
    let intent = world.intent(Provider::Khalti).await.intent;
    let older = format!(
        "SET session_replication_role = replica;
         UPDATE payment_intents SET created_at = created_at - interval '5 minutes' WHERE payment_intent_id = '{}';
         RESET session_replication_role",
        intent.payment_intent_id
    );
    world.shop.client.batch_execute(&older).await.unwrap();
    world.act(&intent, "pay").await;
    intent
}

async fn verify(world: &World, intent: &Intent) -> VerifiedAfter {
    world.hear(intent).await.verified_after.unwrap()
}

#[tokio::test]
async fn the_wait_begins_with_the_first_callback_that_may_tell_of_the_payment() {
    let world = World::new().await;
    let intent = paid(&world).await;
    callback(&world, &intent, "invalid", "4 minutes").await;
    callback(&world, &intent, "incomplete", "1 minute").await;
    callback(&world, &intent, "accepted", "1 second").await;
    let after = verify(&world, &intent).await;
    assert!(is_about_a_minute(after.waited), "{after:?}");
    assert_eq!(after.heard_by, HeardBy::Callback { gateway_failed: false });
    assert_eq!(world.hear(&intent).await.verified_after, None, "it was verified before");
}

#[tokio::test]
async fn a_callback_that_came_before_the_gateway_said_not_paid_tells_of_no_payment() {
    let world = World::new().await;
    let intent = paid(&world).await;
    callback(&world, &intent, "accepted", "3 minutes").await;
    answer(&world, &intent, "undecided", "1 minute").await;
    answer(&world, &intent, "unknown", "30 seconds").await;
    let after = verify(&world, &intent).await;
    assert!(is_about_a_minute(after.waited), "the most it can have been: {after:?}");
    assert_eq!(after.heard_by, HeardBy::Question);
}

#[tokio::test]
async fn a_payment_that_nobody_came_back_from_waited_no_longer_than_its_intent_is_old() {
    let world = World::new().await;
    let intent = paid(&world).await;
    let after = verify(&world, &intent).await;
    assert!((Duration::from_secs(300)..Duration::from_secs(330)).contains(&after.waited), "{after:?}");
    assert_eq!(after.heard_by, HeardBy::Question);
}

#[tokio::test]
async fn a_gateway_that_failed_after_the_callback_is_told() {
    let world = World::new().await;
    let intent = paid(&world).await;
    answer(&world, &intent, "unknown", "2 minutes").await;
    callback(&world, &intent, "accepted", "1 minute").await;
    assert_eq!(verify(&world, &intent).await.heard_by, HeardBy::Callback { gateway_failed: false });

    let intent = paid(&world).await;
    callback(&world, &intent, "accepted", "1 minute").await;
    answer(&world, &intent, "unknown", "30 seconds").await;
    assert_eq!(verify(&world, &intent).await.heard_by, HeardBy::Callback { gateway_failed: true });
}

#[tokio::test]
async fn an_order_tells_how_long_it_was_owed_however_often_its_job_was_tried() {
    let world = World::new().await;
    let intent = paid(&world).await;
    world.hear(&intent).await;
    let longer = format!(
        "SET session_replication_role = replica;
         UPDATE payment_intents SET updated_at = updated_at - interval '1 minute' WHERE payment_intent_id = '{}';
         RESET session_replication_role;
         UPDATE job_queue SET attempts = 3, run_at = now() WHERE job_type = 'finalize_order'",
        intent.payment_intent_id
    );
    world.shop.client.batch_execute(&longer).await.unwrap();
    let finalized = world.finalize().await;
    let [ordered] = finalized.ordered.as_slice() else { panic!("{finalized:?}") };
    assert!(is_about_a_minute(ordered.owed_for), "{ordered:?}");
}
