//! What the gateway's answers make of an intent whose callback never comes.

use domain::{intents::expire_due, money::rupees_from_paisa};
use serde_json::json;
use test_support::factories::{Intent, Provider};

use crate::support::{World, until};

/// Asks now and waits until the answer is recorded.
async fn ask(world: &World, intent: &Intent) {
    let answers = "SELECT count(*) FROM payment_intent_events WHERE kind = 'gateway_answered' AND payment_intent_id = $1";
    let count = async || -> i64 {
        world.shop.client.query_one(answers, &[&intent.payment_intent_id]).await.unwrap().get(0)
    };
    let before = count().await;
    world.ask_now(intent).await;
    until("an answer is recorded", async || count().await > before).await;
}

async fn grow_older(world: &World, interval: &str) {
    world.set(&format!("UPDATE payment_intents SET created_at = created_at - interval '{interval}'")).await;
}

#[tokio::test]
async fn a_payment_whose_callback_never_comes_is_found_by_asking() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.open_payment(&intent).await;
    let worker = world.worker(&[("RECONCILE__SCHEDULE_SECONDS", "0.1,0.4,0.7,1,2,3,4,5,6")]);
    ask(&world, &intent).await;
    assert_eq!(world.shop.status(&intent).await, "awaiting_payment");
    world.act(&intent, "pay").await;
    world.wait_for(&intent, "completed").await;
    worker.stop().await;
    let cost = "SELECT count(*) FROM job_queue WHERE job_type = 'verify_payment' AND status = 'pending' AND attempts = 0";
    assert_eq!(world.count(cost).await, 1, "asking again costs no attempt, and goes on after the order");
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn not_found_is_final_only_after_the_grace_and_two_answers() {
    let world = World::new().await;
    let intent = world.intent().await;
    let worker = world.worker(&[]);
    ask(&world, &intent).await;
    ask(&world, &intent).await;
    assert_eq!(world.shop.status(&intent).await, "awaiting_payment", "two answers, but young");
    world.set("UPDATE payment_intents SET not_found_answers = 0").await;
    grow_older(&world, "2 hours").await;
    ask(&world, &intent).await;
    assert_eq!(world.shop.status(&intent).await, "awaiting_payment", "old, but one answer");
    ask(&world, &intent).await;
    world.wait_for(&intent, "failed").await;
    worker.stop().await;
    assert_eq!(world.count("SELECT sum(reserved)::bigint FROM inventory").await, 0);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn an_undecided_intent_is_shown_to_a_person_and_later_money_resolves_the_case() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.open_payment(&intent).await;
    world.act(&intent, "pending").await;
    let worker = world.worker(&[]);
    ask(&world, &intent).await;
    assert_eq!(world.shop.status(&intent).await, "awaiting_payment");
    grow_older(&world, "25 hours").await;
    ask(&world, &intent).await;
    world.wait_for(&intent, "under_review").await;
    assert_eq!(world.shop.cases(&intent).await, [("undecided".to_owned(), "open".to_owned())]);
    world.act(&intent, "pay").await;
    ask(&world, &intent).await;
    world.wait_for(&intent, "completed").await;
    worker.stop().await;
    assert_eq!(world.shop.cases(&intent).await, [("undecided".to_owned(), "resolved".to_owned())]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn expiry_gives_the_stock_back_and_money_that_comes_later_is_still_found() {
    let world = World::new().await;
    let variant = world.shop.variant(1_000, 5).await;
    let cart = world.shop.cart(&[(&variant, 2)]).await;
    let intent = world.shop.intent(Provider::Esewa, &cart).await;
    world.open_payment(&intent).await;
    world.set("UPDATE payment_intents SET expires_at = now()").await;
    let mut reaper = world.database.pool_as("stale_job_reaper").connection().await.unwrap();
    assert_eq!(expire_due(&mut reaper).await.unwrap(), [intent.payment_intent_id.as_str()]);
    assert!(expire_due(&mut reaper).await.unwrap().is_empty());
    assert_eq!(world.shop.stock(&variant).await, (5, 0, 0));
    world.act(&intent, "pay").await;
    let worker = world.worker(&[]);
    ask(&world, &intent).await;
    world.wait_for(&intent, "completed").await;
    worker.stop().await;
    assert_eq!(world.shop.stock(&variant).await, (3, 0, 2));
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_gateway_that_is_down_or_silly_decides_nothing() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.open_payment(&intent).await;
    world.act(&intent, "pay").await;
    let worker = world.worker(&[]);
    world.answer_with(&intent, json!({ "modes": ["says_unavailable"] })).await;
    ask(&world, &intent).await;
    assert_eq!(world.shop.status(&intent).await, "awaiting_payment");
    assert!(world.shop.cases(&intent).await.is_empty());
    world.answer_with(&intent, json!({ "modes": [] })).await;
    ask(&world, &intent).await;
    world.wait_for(&intent, "completed").await;
    worker.stop().await;
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn money_of_another_amount_is_a_case_and_never_an_order() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.open_payment(&intent).await;
    world.act(&intent, "pay").await;
    world.answer_with(&intent, json!({ "modes": ["answer_wrong_amount"], "answer_amount_minor": 100 })).await;
    let worker = world.worker(&[]);
    ask(&world, &intent).await;
    world.wait_for(&intent, "under_review").await;
    worker.stop().await;
    assert_eq!(world.shop.cases(&intent).await, [("amount_mismatch".to_owned(), "open".to_owned())]);
    assert_ne!(rupees_from_paisa(intent.amount_minor), "1");
    assert_eq!(world.count("SELECT count(*) FROM orders").await, 0);
    world.database.assert_no_violations().await;
}
