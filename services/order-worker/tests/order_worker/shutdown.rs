//! SIGTERM: claim nothing more, finish what runs, give back what cannot be finished.

use std::process::Stdio;

use serde_json::json;
use tokio::{io::AsyncReadExt, process::Command};

use crate::{
    leases::{Silent, one},
    support::{PATIENCE, World, until},
};

#[tokio::test]
async fn what_runs_is_finished_within_the_grace() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.open_payment(&intent).await;
    world.act(&intent, "pay").await;
    world.answer_with(&intent, json!({ "modes": ["answer_slow"], "slow_ms": 1500 })).await;
    world.ask_now(&intent).await;
    let worker = world.worker(&[]);
    // A claim alone is not a run: what is claimed while the worker is told to stop is given back.
    let asked = "SELECT count(*) FROM payment_intents WHERE last_asked_at IS NOT NULL";
    until("the question runs", async || world.count(asked).await == 1).await;
    worker.stop().await;
    assert_eq!(world.shop.status(&intent).await, "verified");
    let due = "SELECT count(*) FROM job_queue WHERE status = 'pending' AND job_type = 'finalize_order' AND attempts = 0";
    assert_eq!(world.count(due).await, 1, "its order waits for the next worker");
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_question_that_outlives_the_grace_is_given_back_with_its_attempt() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.ask_now(&intent).await;
    let (gateways, asked, abandoned) = Silent::gateways();
    let worker = world.worker_with(gateways, &[("WORKER__SHUTDOWN_GRACE_SECONDS", "0.1")]);
    one(&asked).await;
    worker.stop().await;
    one(&abandoned).await;
    let given_back = "SELECT count(*) FROM job_queue
        WHERE status = 'pending' AND attempts = 0 AND crash_count = 0 AND run_at <= now()";
    assert_eq!(world.count(given_back).await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn jobs_that_were_claimed_and_not_begun_are_given_back_with_their_attempt() {
    let world = World::new().await;
    let mut intents = Vec::new();
    for _ in 0..3 {
        let intent = world.intent().await;
        world.shop.verify(&intent).await;
        intents.push(intent);
    }
    // One of them refuses the batch, which then goes one by one: by that time the worker is stopping.
    world.set("ALTER TABLE payment_intent_items DISABLE TRIGGER payment_intent_items_are_immutable").await;
    let tamper = "UPDATE payment_intent_items SET unit_price_minor = 999 WHERE payment_intent_id = $1";
    world.shop.client.execute(tamper, &[&intents[1].payment_intent_id]).await.unwrap();
    let mut blocker = world.database.client().await;
    let lock = blocker.transaction().await.unwrap();
    lock.execute("SELECT FROM carts FOR UPDATE", &[]).await.unwrap();
    let worker = world.worker(&[]);
    let claimed = "SELECT count(*) FROM job_queue WHERE status = 'processing'";
    until("all are claimed", async || world.count(claimed).await == 3).await;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'order-worker' AND wait_event_type = 'Lock'";
    until("the batch is held up", async || world.count(waits).await == 1).await;
    worker.begin_to_stop();
    lock.rollback().await.unwrap();
    worker.ended().await;
    assert_eq!(world.count("SELECT count(*) FROM orders").await, 0);
    let given_back = "SELECT count(*) FROM job_queue
        WHERE job_type = 'finalize_order' AND status = 'pending' AND attempts = 0 AND lease_no = 1";
    assert_eq!(world.count(given_back).await, 3);
    // What was tampered with is a broken promise itself; nothing else is.
    world.set("UPDATE payment_intent_items SET unit_price_minor = 1000").await;
    world.database.assert_no_violations().await;
}

/// Refuses orders that come together, and holds a lone one up while somebody has the lock.
const HELD_UP_ALONE: &str = "
    CREATE FUNCTION refuse_batches() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT count(*) FROM made) > 1 THEN
            RAISE EXCEPTION 'together' USING CONSTRAINT = 'orders_come_alone';
        END IF;
        PERFORM pg_advisory_xact_lock_shared(1);
        RETURN NULL;
    END $$;
    CREATE TRIGGER refuse_batches AFTER INSERT ON orders REFERENCING NEW TABLE AS made
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_batches();";

#[tokio::test]
async fn jobs_of_a_refused_batch_are_given_back_while_the_first_of_them_still_runs() {
    let world = World::new().await;
    for _ in 0..3 {
        let intent = world.intent().await;
        world.shop.verify(&intent).await;
    }
    world.set(HELD_UP_ALONE).await;
    let mut blocker = world.database.client().await;
    let lock = blocker.transaction().await.unwrap();
    lock.execute("SELECT pg_advisory_xact_lock(1)", &[]).await.unwrap();
    let worker = world.worker(&[]);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'order-worker' AND wait_event = 'advisory'";
    until("one of them runs alone", async || world.count(waits).await == 1).await;
    worker.begin_to_stop();
    let given_back = "SELECT count(*) FROM job_queue
        WHERE job_type = 'finalize_order' AND status = 'pending' AND attempts = 0 AND lease_no = 1";
    until("the others are given back", async || world.count(given_back).await == 2).await;
    assert_eq!(world.count(waits).await, 1, "one still runs");
    lock.rollback().await.unwrap();
    worker.ended().await;
    assert_eq!(world.count("SELECT count(*) FROM orders").await, 1, "what ran was finished");
    assert_eq!(world.count(given_back).await, 2);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn the_binary_obeys_sigterm_and_gives_its_question_back() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.open_payment(&intent).await;
    world.answer_with(&intent, json!({ "modes": ["answer_slow"], "slow_ms": 30_000 })).await;
    world.ask_now(&intent).await;
    let environment =
        world.environment(&[("WORKER__SHUTDOWN_GRACE_SECONDS", "0.2"), ("GATEWAY__TIMEOUT_MS", "60000")]);
    let mut binary = Command::new(env!("CARGO_BIN_EXE_order-worker"))
        .env_clear()
        .envs(environment)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let asked = "SELECT count(*) FROM payment_intents WHERE last_asked_at IS NOT NULL";
    until("the gateway is asked", async || world.count(asked).await == 1).await;
    let id = binary.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    let ended = tokio::time::timeout(PATIENCE, binary.wait()).await.unwrap().unwrap();
    let mut log = String::new();
    binary.stdout.take().unwrap().read_to_string(&mut log).await.unwrap();
    assert!(ended.success(), "{log}");
    assert!(log.contains("\"finishing what runs\""), "{log}");
    let given_back =
        "SELECT count(*) FROM job_queue WHERE status = 'pending' AND attempts = 0 AND lease_no = 1";
    assert_eq!(world.count(given_back).await, 1, "{log}");
    world.database.assert_no_violations().await;
}
