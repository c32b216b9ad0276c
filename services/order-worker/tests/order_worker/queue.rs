//! What every worker may rely on, without one: claim, settle, rescue.

use std::{collections::HashSet, time::Duration};

use domain::{
    Pool, PoolSettings,
    jobs::{FinalizeOrder, Job},
    queue::{self, Enqueue, Outcome, RetryPolicy, Settled, WorkerId},
};

use crate::support::{LEASE, World};

const AT_ONCE: RetryPolicy = RetryPolicy { base: Duration::ZERO };

#[tokio::test(flavor = "multi_thread")]
async fn parallel_claimers_get_no_job_twice_and_never_more_than_they_asked_for() {
    let world = World::new().await;
    world.set("INSERT INTO job_queue (job_type) SELECT 'finalize_order' FROM generate_series(1, 300)").await;
    let settings = PoolSettings {
        url: world.database.url().to_owned(),
        role: Some("order_worker"),
        application_name: "test",
        size_max: 20,
    };
    let pool = Pool::new(&settings).unwrap();
    let claimers: Vec<_> = (0..20)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mut connection = pool.connection().await.unwrap();
                let (worker_id, mut mine) = (WorkerId::unique("claimer"), Vec::new());
                loop {
                    let claimed = queue::claim(&mut connection, &worker_id, "finalize_order", 7, LEASE);
                    let claimed = claimed.await.unwrap();
                    assert!(claimed.len() <= 7, "claimed {}", claimed.len());
                    if claimed.is_empty() {
                        return mine;
                    }
                    mine.extend(claimed.into_iter().map(|lease| lease.job_id));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for claimer in claimers {
        all.extend(claimer.await.unwrap());
    }
    assert_eq!(all.len(), 300);
    assert_eq!(all.into_iter().collect::<HashSet<i64>>().len(), 300);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn jobs_of_a_type_nobody_names_wait() {
    let world = World::new().await;
    world.set("INSERT INTO job_queue (job_type) VALUES ('send_newsletter'), ('finalize_order')").await;
    let worker_id = WorkerId::unique("test");
    assert_eq!(world.claim(&worker_id, "finalize_order", 10).await.len(), 1);
    let waiting = "SELECT count(*) FROM job_queue WHERE status = 'pending' AND attempts = 0";
    assert_eq!(world.count(waiting).await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_lease_that_ran_out_is_due_at_once_and_the_third_crash_quarantines_it_with_a_case() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.ask_now(&intent).await;
    let mut connection = world.database.pool_as("stale_job_reaper").connection().await.unwrap();
    for crash in 1..=3 {
        assert_eq!(world.claim(&WorkerId::unique("dies"), "verify_payment", 1).await.len(), 1);
        world.set("UPDATE job_queue SET locked_until = now() - interval '1 second'").await;
        let rescue = queue::rescue_stale(&mut connection).await.unwrap();
        let counts = (rescue.requeued.len(), rescue.failed.len());
        assert_eq!(counts, if crash < 3 { (1, 0) } else { (0, 1) });
        let due = "SELECT count(*) FROM job_queue WHERE status = 'pending' AND run_at <= now()";
        assert_eq!(world.count(due).await, i64::from(crash < 3));
    }
    assert_eq!(world.shop.cases(&intent).await, [("job_failed".to_owned(), "open".to_owned())]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_snooze_and_an_unstarted_return_cost_no_attempt() {
    let world = World::new().await;
    world.set("INSERT INTO job_queue (job_type, crash_count) VALUES ('finalize_order', 2)").await;
    let worker_id = WorkerId::unique("test");
    let mut connection = world.database.pool_as("order_worker").connection().await.unwrap();
    let lease = world.claim(&worker_id, "finalize_order", 1).await.remove(0);
    assert_eq!(lease.attempt, 1);
    assert_eq!(queue::return_unstarted(&mut connection, &worker_id, &[lease]).await.unwrap().len(), 1);

    let lease = world.claim(&worker_id, "finalize_order", 1).await.remove(0);
    assert_eq!((lease.attempt, lease.lease_no, lease.crash_count), (1, 2, 2));
    let snoozed = queue::snooze(&mut connection, &lease, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(snoozed, Settled::Snoozed);
    let row = world
        .shop
        .client
        .query_one("SELECT status, attempts, crash_count FROM job_queue", &[])
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, String>(0).as_str(), row.get::<_, i32>(1), row.get::<_, i32>(2)),
        ("pending", 0, 0)
    );
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_job_that_keeps_failing_is_retried_later_and_later_and_then_failed_with_a_case() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.ask_now(&intent).await;
    world.set("UPDATE job_queue SET max_attempts = 3").await;
    let worker_id = WorkerId::unique("test");
    let mut connection = world.database.pool_as("order_worker").connection().await.unwrap();
    let fails = Outcome::Retry { error: "the printer is on fire".to_owned() };
    let slow = RetryPolicy { base: Duration::from_secs(100) };
    let mut pauses = Vec::new();
    for _ in 0..2 {
        let lease = world.claim(&worker_id, "verify_payment", 1).await.remove(0);
        let settled = queue::settle(&mut connection, &lease, fails.clone(), slow, 1.0).await.unwrap();
        assert_eq!(settled, Settled::Retrying);
        let pause = "SELECT round(extract(epoch FROM run_at - updated_at))::bigint FROM job_queue";
        pauses.push(world.count(pause).await);
        world.ask_now(&intent).await;
    }
    assert_eq!(pauses, [100, 200]);
    let lease = world.claim(&worker_id, "verify_payment", 1).await.remove(0);
    let settled = queue::settle(&mut connection, &lease, fails, AT_ONCE, 1.0).await.unwrap();
    assert_eq!(settled, Settled::Failed);
    let row = world.shop.client.query_one("SELECT last_error FROM job_queue", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "attempt 3 of 3: the printer is on fire");
    assert_eq!(world.shop.cases(&intent).await, [("job_failed".to_owned(), "open".to_owned())]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn two_live_jobs_with_one_key_are_one_job_and_the_earlier_time_wins() {
    let world = World::new().await;
    let mut connection = world.database.pool_as("order_worker").connection().await.unwrap();
    let job = FinalizeOrder { payment_intent_id: "pi_nobody".to_owned() };
    for seconds in [3600, 0, 7200] {
        let options = Enqueue { run_in: Duration::from_secs(seconds), max_attempts: 5 };
        queue::enqueue(&mut connection, &job, options).await.unwrap();
    }
    let due = "SELECT count(*) FILTER (WHERE run_at <= clock_timestamp()) * 10 + count(*) FROM job_queue";
    assert_eq!(world.count(due).await, 11);
    let lease = world.claim(&WorkerId::unique("test"), FinalizeOrder::JOB_TYPE, 1).await.remove(0);
    queue::enqueue(&mut connection, &job, Enqueue { run_in: Duration::ZERO, max_attempts: 5 }).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM job_queue").await, 1, "a running job is not doubled");
    assert_eq!(lease.payment_intent_id(), Some("pi_nobody"));
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn the_statements_that_operators_are_given_work_as_written() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.shop.verify(&intent).await;
    world
        .set(
            "UPDATE job_queue SET status = 'failed', failed_at = now(), attempts = 20, last_error = 'why'
              WHERE job_type = 'finalize_order';
             INSERT INTO job_queue (job_type) VALUES ('send_newsletter')",
        )
        .await;
    let document = include_str!("../../../../docs/job-queue.md");
    let blocks: Vec<&str> =
        document.split("```sql").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        world.set(block).await;
    }
    let after = "SELECT count(*) FROM job_queue WHERE (job_type, status, attempts) IN
        (('finalize_order', 'pending', 0), ('send_newsletter', 'cancelled', 0))";
    assert_eq!(world.count(after).await, 2);
}
