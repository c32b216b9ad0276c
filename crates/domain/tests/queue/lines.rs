//! Lanes whose claims go on from where the last one ended, and what they may leave behind for how long.

use std::time::Duration;

use domain::{
    jobs::{FinalizeOrder, Job},
    queue::{Line, Look, WorkerId},
};

use crate::world::World;

const BATCH: u32 = 10;
const LEASE: Duration = Duration::from_secs(30);

async fn enqueue(world: &World, count: u32, run_at: &str) {
    world
        .set(&format!(
            "INSERT INTO job_queue (job_type, priority, run_at)
             SELECT 'finalize_order', {}, {run_at} FROM generate_series(1, {count})",
            FinalizeOrder::PRIORITY
        ))
        .await;
}

#[tokio::test]
async fn a_lane_never_claims_more_than_it_asks_for_and_leaves_nothing_behind() {
    let world = World::new().await;
    let worker = WorkerId::unique("one lane");
    enqueue(&world, 55, "now() - interval '1 minute'").await;
    let mut line = Line::of::<FinalizeOrder>();
    let mut connection = world.pool.connection().await.unwrap();
    let mut claimed = Vec::new();
    loop {
        let leases = line.claim(&mut connection, &worker, Look::Ahead, BATCH, LEASE).await.unwrap();
        assert!(leases.len() <= usize::try_from(BATCH).unwrap());
        if leases.is_empty() {
            break;
        }
        claimed.extend(leases.into_iter().map(|lease| lease.job_id));
    }
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 55);
}

#[tokio::test]
async fn where_looking_everywhere_is_dear_a_lane_goes_on_where_it_was_and_a_poll_overlooks_nothing() {
    let world = World::new().await;
    let worker = WorkerId::unique("one lane");
    let mut connection = world.pool.connection().await.unwrap();
    let mut line = Line::of::<FinalizeOrder>().with_look_max(Duration::ZERO);
    enqueue(&world, 3, "now()").await;
    let first = line.claim(&mut connection, &worker, Look::Everywhere, BATCH, LEASE).await.unwrap();
    assert_eq!(first.len(), 3);

    // Long before the place that the lane has reached, as an operator may write it; and after it.
    enqueue(&world, 1, "now() - interval '1 day'").await;
    enqueue(&world, 3, "now()").await;
    let ahead = line.claim(&mut connection, &worker, Look::Ahead, BATCH, LEASE).await.unwrap();
    assert_eq!(ahead.len(), 3, "what lies ahead is claimed, and only that");
    enqueue(&world, 1, "now() - interval '2 seconds'").await;
    let late = line.claim(&mut connection, &worker, Look::Ahead, BATCH, LEASE).await.unwrap();
    assert_eq!(late.len(), 1, "what was committed after a later one was claimed is found as well");
    let everywhere = line.claim(&mut connection, &worker, Look::Everywhere, BATCH, LEASE).await.unwrap();
    assert_eq!(everywhere.len(), 1, "a poll overlooks nothing");

    // A backlog goes on after the last one, however many of one moment there are.
    enqueue(&world, 25, "now()").await;
    let mut claimed = Vec::new();
    for _ in 0..3 {
        let leases = line.claim(&mut connection, &worker, Look::Ahead, BATCH, LEASE).await.unwrap();
        claimed.extend(leases.into_iter().map(|lease| lease.job_id));
    }
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 25);
}

#[tokio::test]
async fn where_looking_everywhere_is_cheap_every_claim_does() {
    let world = World::new().await;
    let worker = WorkerId::unique("one lane");
    let mut connection = world.pool.connection().await.unwrap();
    let mut line = Line::of::<FinalizeOrder>().with_look_max(Duration::MAX);
    for run_at in ["now()", "now() - interval '1 day'"] {
        enqueue(&world, 1, run_at).await;
        let claimed = line.claim(&mut connection, &worker, Look::Ahead, BATCH, LEASE).await.unwrap();
        assert_eq!(claimed.len(), 1, "due {run_at}");
    }
}
