//! Paid intents to orders: the domain's batches of fifty, beside pgbench with the same statements fifty at a time and
//! one order at a time.

pub(crate) mod paced;
pub(crate) mod replay;
pub(crate) mod seed;

use std::time::{Duration, Instant};

use anyhow::ensure;
use domain::{
    jobs::{FinalizeOrder, Job},
    orders::finalize::{ToFinalize, finalize},
    queue::{self, Lease, WorkerId},
    refunds::RefundTerms,
};
use futures_util::future::try_join_all;
use schema::Connection;
use tokio_postgres::Client;

use crate::{
    cluster::Cluster,
    connections::{connect, worker_connections, worker_id},
    invariants::ensure_none_violated,
    pgbench::Lap,
    report::{Row, Target},
    rounds::Samples,
    say,
};

/// Orders of a batch.
const BATCH: usize = 50;
/// Connections of the finalizing process, and clients of pgbench.
const LANES: usize = 4;
/// Orders of a lap, in whole batches for every lane.
const ORDERS: usize = 2_000;
/// Of the slower twin.
const ORDERS_ONE_BY_ONE: usize = 800;
/// Of the refunds that finalize would owe; none is owed here.
const JOB_ATTEMPTS_MAX: i32 = 20;
/// Longer than any lap.
const LEASE: Duration = Duration::from_secs(600);

const RATIO_TO_ONE_BY_ONE_LEAST: f64 = 4.0;
const RATIO_TO_SET_BASED_LEAST: f64 = 0.7;

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("finalize").await?;
    let observer = connect(&url).await?;
    seed::prepare(&observer).await?;
    let script = replay::script(&url, &observer).await?;

    let (mut batched, mut set_based, mut one_by_one) =
        (Samples::default(), Samples::default(), Samples::default());
    for round in 1..=cluster.rounds {
        say(&format!("  round {round} of {}", cluster.rounds));
        batched.push(lap(&url, &observer).await?);
        set_based.push(replay_lap(&url, &observer, &script, ORDERS, BATCH).await?);
        one_by_one.push(replay_lap(&url, &observer, &script, ORDERS_ONE_BY_ONE, 1).await?);
    }
    ensure_none_violated(&observer).await?;
    Ok(vec![
        Row::new("finalize: batches of 50", "orders/s", batched.clone())
            .beside("pgbench, fifty at a time", &set_based)
            .target(Target::RatioAtLeast(RATIO_TO_SET_BASED_LEAST)),
        Row::new("finalize: batches of 50", "orders/s", batched)
            .beside("pgbench, one at a time", &one_by_one)
            .target(Target::RatioAtLeast(RATIO_TO_ONE_BY_ONE_LEAST)),
    ])
}

/// Finalizes every paid intent with all lanes, and returns orders a second. Jobs are claimed before the clock starts,
/// as they are for pgbench.
async fn lap(url: &str, observer: &Client) -> anyhow::Result<f64> {
    seed::pay(observer, ORDERS).await?;
    let worker_id = worker_id();
    let mut connections = worker_connections(url, LANES).await?;
    let mut shares: Vec<Vec<Lease>> = Vec::new();
    for connection in &mut connections {
        shares.push(claim(connection, &worker_id, ORDERS / LANES).await?);
    }
    seed::settle_down(observer).await?;

    let began = Instant::now();
    let lanes =
        connections.iter_mut().zip(&shares).map(|(connection, share)| lane(connection, &worker_id, share));
    let ordered: usize = try_join_all(lanes).await?.into_iter().sum();
    let took = began.elapsed();
    ensure!(ordered == ORDERS, "{ordered} intents became orders instead of {ORDERS}");
    seed::ensure_all_ordered(observer).await?;
    per_second(ORDERS, took)
}

pub(crate) async fn claim(
    connection: &mut Connection,
    worker_id: &WorkerId,
    count: usize,
) -> anyhow::Result<Vec<Lease>> {
    let claimed_max = u32::try_from(count)?;
    let leases = queue::claim(connection, worker_id, FinalizeOrder::JOB_TYPE, claimed_max, LEASE).await?;
    ensure!(leases.len() == count, "{} jobs were due instead of {count}", leases.len());
    Ok(leases)
}

/// Makes the orders of one connection's share, batch after batch; returns how many.
async fn lane(connection: &mut Connection, worker_id: &WorkerId, leases: &[Lease]) -> anyhow::Result<usize> {
    let mut ordered = 0;
    for batch in leases.chunks(BATCH) {
        ordered += finalize_batch(connection, worker_id, batch).await?.len();
    }
    Ok(ordered)
}

/// Makes the orders of a batch in one transaction; returns the intents that became orders.
pub(crate) async fn finalize_batch(
    connection: &mut Connection,
    worker_id: &WorkerId,
    leases: &[Lease],
) -> anyhow::Result<Vec<String>> {
    let jobs: Vec<FinalizeOrder> = leases.iter().map(|lease| lease.read()).collect::<Result<_, _>>()?;
    let batch: Vec<ToFinalize<'_>> = leases
        .iter()
        .zip(&jobs)
        .map(|(lease, job)| ToFinalize { lease, payment_intent_id: &job.payment_intent_id })
        .collect();
    let terms = RefundTerms::of_all_gateways(JOB_ATTEMPTS_MAX);
    let ordered = finalize(connection, worker_id, &batch, &terms).await?.ordered;
    Ok(ordered.into_iter().map(|order| order.payment_intent_id).collect())
}

/// Lets pgbench make orders of `batch` intents a transaction, and returns orders a second.
async fn replay_lap(
    url: &str,
    observer: &Client,
    script: &str,
    orders: usize,
    batch: usize,
) -> anyhow::Result<f64> {
    seed::pay(observer, orders).await?;
    seed::cut_into_batches(observer, batch).await?;
    seed::settle_down(observer).await?;
    let lap = Lap {
        database_url: url,
        name: "finalize",
        script,
        clients: LANES,
        transactions_each: orders / batch / LANES,
    };
    let transactions_per_second = lap.run().await?;
    seed::ensure_all_ordered(observer).await?;
    Ok(transactions_per_second * f64::from(u32::try_from(batch)?))
}

fn per_second(count: usize, took: Duration) -> anyhow::Result<f64> {
    Ok(f64::from(u32::try_from(count)?) / took.as_secs_f64())
}
