//! A job that kills its worker, and those that were claimed with it.

use std::process::Stdio;

use domain::queue;
use test_support::factories::Intent;
use tokio::process::{Child, Command};

use crate::{
    leases::{Silent, one},
    support::{World, until},
};

/// Longer than the test: only the test decides when a lease has run out.
const LONG_LEASE: (&str, &str) = ("WORKER__LEASE_SECONDS", "600");

fn start(world: &World) -> Child {
    Command::new(env!("CARGO_BIN_EXE_order-worker"))
        .env_clear()
        .envs(world.environment(&[LONG_LEASE]))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Lets a worker run until it is inside the poisonous order, and kills it there.
async fn die_in_it(world: &World, poison: &Intent) {
    let mut blocker = world.database.client().await;
    let lock = blocker.transaction().await.unwrap();
    let hold = "SELECT FROM payment_intents WHERE payment_intent_id = $1 FOR UPDATE";
    lock.execute(hold, &[&poison.payment_intent_id]).await.unwrap();
    let mut worker = start(world);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'order-worker' AND wait_event_type = 'Lock'";
    until("a worker is inside the poisonous order", async || world.count(waits).await == 1).await;
    worker.kill().await.unwrap();
    lock.rollback().await.unwrap();
    let left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'order-worker'";
    until("its connections are gone", async || world.count(left).await == 0).await;
    world
        .set("UPDATE job_queue SET locked_until = now() - interval '1 second' WHERE status = 'processing'")
        .await;
    let mut reaper = world.database.pool_as("stale_job_reaper").connection().await.unwrap();
    queue::rescue_stale(&mut reaper).await.unwrap();
    // The poison is the first again, for the worst case.
    world
        .set("UPDATE job_queue SET run_at = now() WHERE status = 'pending' AND job_type = 'finalize_order'")
        .await;
}

#[tokio::test]
async fn the_third_crash_quarantines_the_poison_and_whoever_had_not_started_loses_nothing() {
    let world = World::new().await;
    let mut intents = Vec::new();
    for _ in 0..4 {
        let intent = world.intent().await;
        world.shop.verify(&intent).await;
        intents.push(intent);
    }
    let poison = intents.remove(0);
    let crashes = async |status: &str| {
        let ask = format!(
            "SELECT coalesce(string_agg(crash_count::text, ' ' ORDER BY id), '') FROM job_queue
              WHERE job_type = 'finalize_order' AND status = '{status}'"
        );
        world.shop.client.query_one(&ask, &[]).await.unwrap().get::<_, String>(0)
    };
    die_in_it(&world, &poison).await;
    assert_eq!(crashes("pending").await, "1 1 1 1", "they were one batch");
    die_in_it(&world, &poison).await;
    assert_eq!(crashes("pending").await, "2 1 1 1", "only the poison was run");
    // Nor does it take along what is paid meanwhile.
    let newcomer = world.intent().await;
    world.shop.verify(&newcomer).await;
    die_in_it(&world, &poison).await;
    assert_eq!(crashes("failed").await, "3");
    assert_eq!(world.shop.cases(&poison).await, [("job_failed".to_owned(), "open".to_owned())]);
    let spent = "SELECT count(*) FROM job_queue WHERE job_type = 'finalize_order' AND status = 'pending' AND attempts > 1";
    assert_eq!(world.count(spent).await, 0, "no attempt was taken from those that were not run");

    let _worker = start(&world);
    for intent in intents.iter().chain([&newcomer]) {
        world.wait_for(intent, "completed").await;
        assert!(world.shop.cases(intent).await.is_empty());
    }
    assert_eq!(world.shop.status(&poison).await, "verified");
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn questions_that_may_have_killed_a_worker_are_asked_one_at_a_time_and_hold_up_no_other() {
    let world = World::new().await;
    for _ in 0..5 {
        let intent = world.intent().await;
        world.ask_now(&intent).await;
    }
    world
        .set(
            "UPDATE job_queue SET crash_count = 1 WHERE id IN (SELECT id FROM job_queue ORDER BY id LIMIT 3)",
        )
        .await;
    let (gateways, asked, _abandoned) = Silent::gateways();
    let worker = world.worker_with(gateways, &[LONG_LEASE, ("WORKER__SHUTDOWN_GRACE_SECONDS", "0.1")]);
    for _ in 0..3 {
        one(&asked).await;
    }
    let returned = "SELECT count(*) FROM job_queue
        WHERE crash_count = 1 AND status = 'pending' AND attempts = 0 AND lease_no > 1";
    until("the other suspects were claimed and given back", async || world.count(returned).await == 2).await;
    assert_eq!(asked.available_permits(), 0, "a second suspect was asked about");
    let innocent =
        "SELECT count(*) FROM job_queue WHERE crash_count = 0 AND status = 'processing' AND attempts = 1";
    assert_eq!(world.count(innocent).await, 2);
    worker.stop().await;
    world.database.assert_no_violations().await;
}
