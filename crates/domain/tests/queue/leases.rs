//! A lease is a job, a number and a holder: whoever lacks one of them writes nothing.

use std::time::Duration;

use domain::{
    jobs::{FinalizeOrder, Job},
    queue::{self, Enqueue, Lease, Outcome, RetryPolicy, Settled, WorkerId},
};

use crate::{late_writes::Late, world::World};

const LEASE: Duration = Duration::from_secs(30);
const POLICY: RetryPolicy = RetryPolicy { base: Duration::from_secs(60) };

/// Tries everything that can be written under a lease.
async fn assert_it_can_write_nothing(world: &World, late: Late, lease: &Lease) {
    let before = world.everything().await;
    let mut connection = world.pool.connection().await.unwrap();
    let (worker, leases) = (&lease.worker_id, std::slice::from_ref(lease));
    assert!(queue::extend(&mut connection, worker, leases, LEASE).await.unwrap().is_empty());
    assert!(queue::complete(&mut connection, worker, leases).await.unwrap().is_empty());
    assert!(queue::return_unstarted(&mut connection, worker, leases).await.unwrap().is_empty());
    for outcome in [
        Outcome::Done,
        Outcome::Retry { error: "late".to_owned() },
        Outcome::Snooze { delay: Duration::ZERO },
        Outcome::GiveUp { reason: "late".to_owned() },
    ] {
        let settled = queue::settle(&mut connection, lease, outcome, POLICY, 0.5).await.unwrap();
        assert_eq!(settled, Settled::LeaseLost);
    }
    let lost = late.write(world, world.pool.clone(), vec![lease.clone()]).await;
    assert_eq!(lost, Ok(vec![lease.job_id]), "{late:?}");
    assert_eq!(world.everything().await, before, "{late:?}");
}

/// A late write that locks its job first, and its job in other hands.
async fn held_by_another(world: &World, late: Late, another: &WorkerId) -> (Lease, Lease) {
    late.prepare(world).await;
    let lost = world.claim(&WorkerId::unique("holder"), late.job_type()).await.remove(0);
    let all = "SELECT array_agg(id) FROM job_queue WHERE status = 'processing'";
    let ids: Vec<i64> = world.shop.client.query_one(all, &[]).await.unwrap().get(0);
    world.let_leases_run_out(&ids).await;
    world.rescue().await;
    let held = world.claim(another, late.job_type()).await;
    let held = held.into_iter().find(|lease| lease.job_id == lost.job_id).unwrap();
    (lost, held)
}

#[tokio::test]
async fn an_earlier_number_of_the_same_holder_writes_nothing() {
    let world = World::new().await;
    for late in [Late::RecordAnswer, Late::Finalize, Late::Refund] {
        let another = WorkerId::unique("another");
        let (lost, held) = held_by_another(&world, late, &another).await;
        assert!(held.lease_no > lost.lease_no);
        assert_it_can_write_nothing(&world, late, &Lease { worker_id: another, ..lost }).await;
    }
}

#[tokio::test]
async fn the_right_number_in_other_hands_writes_nothing() {
    let world = World::new().await;
    for late in [Late::RecordAnswer, Late::Finalize, Late::Refund] {
        let (lost, held) = held_by_another(&world, late, &WorkerId::unique("another")).await;
        assert_it_can_write_nothing(&world, late, &Lease { lease_no: held.lease_no, ..lost }).await;
    }
}

/// Its time may lie behind that of an enqueue which began before it and had to wait for its row.
#[tokio::test]
async fn a_running_job_is_left_as_it_is_by_an_enqueue_with_its_key() {
    let world = World::new().await;
    let sale = world.verified().await;
    let held = world.claim(&WorkerId::unique("worker"), FinalizeOrder::JOB_TYPE).await;
    assert_eq!(held.len(), 1);
    world.set("UPDATE job_queue SET run_at = now() + interval '1 minute' WHERE status = 'processing'").await;
    let before = world.everything().await;
    let mut connection = world.pool.connection().await.unwrap();
    let job = FinalizeOrder { payment_intent_id: sale.id().to_owned() };
    queue::enqueue(&mut connection, &job, Enqueue { run_in: Duration::ZERO, max_attempts: 5 }).await.unwrap();
    assert_eq!(world.everything().await, before);
}

/// Makes a plan read the table, and not an index.
const READ_THE_TABLE: [&str; 4] =
    ["enable_nestloop", "enable_mergejoin", "enable_indexscan", "enable_bitmapscan"];

/// Whoever else locks several jobs does it in the same order, so that neither waits for the other.
#[tokio::test]
async fn batches_are_locked_in_ascending_id_whatever_the_plan() {
    for is_heartbeat in [true, false] {
        let world = World::new().await;
        for _ in 0..3 {
            world.verified().await;
        }
        let worker = WorkerId::unique("worker");
        let leases = world.claim(&worker, "finalize_order").await;
        let mut ids: Vec<i64> = leases.iter().map(|lease| lease.job_id).collect();
        ids.sort_unstable();
        // The first comes last in the table.
        let move_it = "UPDATE job_queue SET updated_at = now() WHERE id = $1";
        world.shop.client.execute(move_it, &[&ids[0]]).await.unwrap();
        let database = world.text("SELECT quote_ident(current_database())").await;
        for setting in READ_THE_TABLE {
            world.set(&format!("ALTER DATABASE {database} SET {setting} = off")).await;
        }
        let mut blocker = world.database.client().await;
        let lock = blocker.transaction().await.unwrap();
        lock.execute("SELECT FROM job_queue WHERE id = $1 FOR UPDATE", &[&ids[1]]).await.unwrap();

        let pool = world.database.pool_as("order_worker");
        let locking = tokio::spawn(async move {
            let mut connection = pool.connection().await.unwrap();
            if is_heartbeat {
                queue::extend(&mut connection, &worker, &leases, LEASE).await.unwrap()
            } else {
                queue::return_unstarted(&mut connection, &worker, &leases).await.unwrap()
            }
        });
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while world.count(waits).await == 0 {
            assert!(!locking.is_finished(), "it met no lock");
        }
        let free = "SELECT array_agg(id) FROM (SELECT id FROM job_queue WHERE id = ANY ($1) FOR UPDATE SKIP LOCKED) AS free";
        let free: Vec<i64> = world.shop.client.query_one(free, &[&ids]).await.unwrap().get(0);
        assert_eq!(free, [ids[2]], "the first is locked already, the last is not yet");
        lock.rollback().await.unwrap();
        assert_eq!(locking.await.unwrap().len(), 3);
    }
}
