//! What piles up, what nobody knows, and what is old.

use std::time::Duration;

use domain::{
    Pool,
    jobs::FinalizeOrder,
    queue::{self, Line, Look, Retention, WorkerId},
};

use crate::world::World;

const LEASE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn retention_forgets_finished_jobs_only_however_old_the_others_are() {
    let world = World::new().await;
    world
        .set(
            "INSERT INTO job_queue (job_type, status, locked_by, locked_until, completed_at, failed_at, updated_at)
             SELECT 'old', status,
                    CASE WHEN status = 'processing' THEN 'a worker' END, CASE WHEN status = 'processing' THEN now() END,
                    CASE WHEN status = 'completed' THEN now() END, CASE WHEN status = 'failed' THEN now() END,
                    now() - age
               FROM unnest(ARRAY['pending', 'processing', 'completed', 'failed', 'cancelled']) AS status,
                    unnest(ARRAY[interval '1 year', interval '1 hour']) AS age",
        )
        .await;
    let reaper = world.database.pool_as("stale_job_reaper");
    let mut connection = reaper.connection().await.unwrap();
    let pass = Retention::default().pass(&mut connection, Duration::from_secs(24 * 3600)).await.unwrap();
    assert_eq!((pass.deleted, pass.examined), (2, 10));
    let left = "SELECT string_agg(format('%s %s', status, now() - updated_at > interval '1 day'), ', '
        ORDER BY status, updated_at) FROM job_queue";
    assert_eq!(
        world.text(left).await,
        "cancelled f, completed f, failed t, failed f, pending t, pending f, processing t, processing f"
    );
}

#[tokio::test]
async fn figures_tell_what_is_due_and_whose_holder_is_gone() {
    let world = World::new().await;
    world
        .set(
            "INSERT INTO job_queue (job_type, priority, status, run_at, locked_by, locked_until) VALUES
             ('finalize_order', 10, 'pending', now() - interval '5 minutes', NULL, NULL),
             ('finalize_order', 10, 'pending', now() - interval '1 minute', NULL, NULL),
             ('finalize_order', 10, 'pending', now() + interval '1 hour', NULL, NULL),
             ('verify_payment', 100, 'pending', now() + interval '1 hour', NULL, NULL),
             ('refund_payment', 50, 'processing', now(), 'dead', now() - interval '1 second'),
             ('refund_payment', 50, 'processing', now(), 'alive', now() + interval '1 minute')",
        )
        .await;
    let mut connection = world.database.pool_as("order_worker").connection().await.unwrap();
    let figures = queue::figures(&mut connection).await.unwrap();
    let [due] = figures.due.as_slice() else { panic!("{figures:?}") };
    assert_eq!((due.job_type.as_str(), due.count), ("finalize_order", 2));
    assert!((300.0..330.0).contains(&due.oldest_seconds), "{due:?}");
    assert_eq!(figures.expired_leases, [("refund_payment".to_owned(), 1)]);
}

#[tokio::test]
async fn a_job_of_an_unknown_type_is_counted_and_waits_for_a_worker_that_knows_it() {
    let world = World::new().await;
    world
        .set("INSERT INTO job_queue (job_type, run_at) VALUES ('send_newsletter', now() - interval '1 hour')")
        .await;
    assert!(world.claim(&WorkerId::unique("knows not"), "verify_payment").await.is_empty());
    let mut connection = world.pool.connection().await.unwrap();
    let figures = queue::figures(&mut connection).await.unwrap();
    let [waiting] = figures.counts.as_slice() else { panic!("{figures:?}") };
    assert_eq!(
        (waiting.job_type.as_str(), waiting.status.as_str(), waiting.count),
        ("send_newsletter", "pending", 1)
    );
    let [due] = figures.due.as_slice() else { panic!("{figures:?}") };
    assert!(due.job_type == "send_newsletter" && due.count == 1 && due.oldest_seconds >= 3600.0, "{due:?}");
    let claimed = world.claim(&WorkerId::unique("knows"), "send_newsletter").await;
    assert_eq!(claimed.iter().map(|lease| lease.attempt).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_quarantined_job_whose_payload_says_nothing_opens_the_case_of_the_intent_its_key_names() {
    let world = World::new().await;
    let sale = world.open().await;
    world.set("UPDATE job_queue SET payload = '{\"payment_intent_id\": 7}'").await;
    for crash in 1..=3 {
        let leases = world.claim(&WorkerId::unique("dies"), "verify_payment").await;
        let [lease] = leases.as_slice() else { panic!("crash {crash}: {} jobs are due", leases.len()) };
        world.let_leases_run_out(&[lease.job_id]).await;
        assert_eq!(world.rescue().await, [lease.job_id]);
    }
    assert_eq!(world.text("SELECT status FROM job_queue").await, "failed");
    assert_eq!(world.shop.cases(&sale.intent).await, [("job_failed".to_owned(), "open".to_owned())]);
}

/// Jobs that are enqueued, claimed and completed while an old snapshot keeps every one of their versions.
const CHURNED: i64 = 4_000;
const BATCH: u32 = 50;
/// Entries that a claim of a batch reads beside what piles up.
const SLACK: i64 = 400;

/// Entries of the pending jobs' index, and scans of the whole table, that a lane's claim over a connection of its own reads.
async fn read_by_one_claim(world: &World, line: &mut Line, look: Look) -> (i64, i64) {
    let read =
        "SELECT coalesce(idx_tup_read, 0) FROM pg_stat_user_indexes WHERE indexrelname = 'job_queue_pending'";
    let scans = "SELECT coalesce(seq_scan, 0) FROM pg_stat_user_tables WHERE relname = 'job_queue'";
    let (read_before, scans_before) = (world.count(read).await, world.count(scans).await);
    let pool: Pool = world.database.pool_as("order_worker");
    let mut connection = pool.connection().await.unwrap();
    let worker = WorkerId::unique("measured");
    let claimed = line.claim(&mut connection, &worker, look, BATCH, LEASE).await;
    assert_eq!(claimed.unwrap().len(), usize::try_from(BATCH).unwrap());
    // What a session has read is counted for all to see when it ends.
    drop(connection);
    drop(pool);
    for _ in 0..2_000 {
        let (read_after, scans_after) = (world.count(read).await, world.count(scans).await);
        if read_after > read_before || scans_after > scans_before {
            return (read_after - read_before, scans_after - scans_before);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the claim was never counted");
}

#[tokio::test]
async fn a_snapshot_held_open_does_not_stop_the_queue() {
    let world = World::new().await;
    let onlooker = world.database.client().await;
    onlooker
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM job_queue")
        .await
        .unwrap();
    let mut connection = world.pool.connection().await.unwrap();
    let worker = WorkerId::unique("churns");
    let mut done = 0;
    while done < CHURNED {
        let enqueue = "INSERT INTO job_queue (job_type, priority) SELECT 'finalize_order', 10 FROM generate_series(1, 200)";
        world.set(enqueue).await;
        loop {
            let leases =
                queue::claim(&mut connection, &worker, "finalize_order", BATCH, LEASE).await.unwrap();
            if leases.is_empty() {
                break;
            }
            assert_eq!(queue::complete(&mut connection, &worker, &leases).await.unwrap().len(), leases.len());
            done += i64::try_from(leases.len()).unwrap();
        }
    }
    drop(connection);
    world.set("INSERT INTO job_queue (job_type, priority) SELECT 'finalize_order', 10 FROM generate_series(1, 200)").await;
    let mut line = Line::of::<FinalizeOrder>().with_look_max(Duration::ZERO);
    let (read, scans) = read_by_one_claim(&world, &mut line, Look::Everywhere).await;
    println!("{CHURNED} jobs churned under a held snapshot: a claim read {read} index entries");
    // Every level of priority is looked for and then walked: two entries a job that nobody may forget yet.
    let bound = 2 * CHURNED + SLACK;
    assert!(
        scans == 0 && read <= bound,
        "a claim read {read} entries of at most {bound}, and {scans} whole tables"
    );
    let (read, scans) = read_by_one_claim(&world, &mut line, Look::Ahead).await;
    assert!(scans == 0 && read <= SLACK, "a lane that goes on where it was read {read} entries");
    onlooker.batch_execute("COMMIT").await.unwrap();
    world.set("VACUUM job_queue").await;
    let (read, scans) = read_by_one_claim(&world, &mut line, Look::Everywhere).await;
    assert!(scans == 0 && read <= SLACK, "the snapshot is gone, and a claim read {read} entries");
}

#[tokio::test]
async fn a_claim_reads_nothing_of_what_other_lanes_have_before_them() {
    let world = World::new().await;
    let due = |job_type: &str, priority: i32, count: i64| {
        format!(
            "INSERT INTO job_queue (job_type, priority) SELECT '{job_type}', {priority} FROM generate_series(1, {count})"
        )
    };
    for (job_type, priority) in [("a_type_before", 1), ("verify_payment", 10), ("send_newsletter", 100)] {
        world.set(&due(job_type, priority, CHURNED)).await;
    }
    world.set(&due("finalize_order", 10, BATCH.into())).await;
    let (read, scans) = read_by_one_claim(&world, &mut Line::of::<FinalizeOrder>(), Look::Everywhere).await;
    assert!(scans == 0 && read <= SLACK, "a claim read {read} entries and {scans} whole tables");
}
