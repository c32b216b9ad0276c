//! A lone job on an idle queue: from the acknowledged enqueue to the start of its handler.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::{
    jobs::Job,
    queue::{self, Enqueue, WorkerId},
};
use schema::{
    Connection,
    notifications::{Channel, Listener},
    transaction,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_postgres::Client;

use super::no_op::{NoOp, completed_and_others, empty_queue};
use crate::{
    cluster::Cluster,
    connections::{running_waker, worker_connections, worker_id, worker_settings},
    latencies::Latencies,
    queue::drain::{BATCH, LEASE},
    report::{Row, Target},
    rounds::Samples,
    say,
};

const JOBS: usize = 400;
/// Between one job's end and the next enqueue; longer than wake-ups are kept apart, so that each is sent at once.
const GAP: Duration = Duration::from_millis(15);
/// After this a wake-up counts as lost; the lap fails rather than hide it.
const PICKUP_MAX: Duration = Duration::from_secs(2);

const P50_MS_MOST: f64 = 1.0;
const P99_MS_MOST: f64 = 8.0;

const ENQUEUE: Enqueue = Enqueue { run_in: Duration::ZERO, max_attempts: 20 };

pub(crate) async fn run(cluster: &Cluster, url: &str, observer: &Client) -> anyhow::Result<Vec<Row>> {
    let (mut p50, mut p99) = (Samples::default(), Samples::default());
    let (mut claim_p50, mut claim_p99) = (Samples::default(), Samples::default());
    for round in 1..=cluster.rounds {
        say(&format!("  pickup, round {round} of {}", cluster.rounds));
        let pickups = lap(url, observer).await?;
        p50.push(pickups.percentile(50)?);
        p99.push(pickups.percentile(99)?);
        let claims = claims_alone(url, observer).await?;
        claim_p50.push(claims.percentile(50)?);
        claim_p99.push(claims.percentile(99)?);
    }
    Ok(vec![
        Row::new("queue: pickup of a lone job, p50", "ms", p50)
            .beside("one claim, no wake-up", &claim_p50)
            .target(Target::AtMost(P50_MS_MOST)),
        Row::new("queue: pickup of a lone job, p99", "ms", p99)
            .beside("one claim, no wake-up", &claim_p99)
            .target(Target::AtMost(P99_MS_MOST)),
    ])
}

/// Enqueues job after job, each woken as services wake workers, and returns how long each waited.
async fn lap(url: &str, observer: &Client) -> anyhow::Result<Latencies> {
    empty_queue(observer).await?;
    let (mut enqueuer, worker) = two_connections(url).await?;
    let (waker, _stop) = running_waker(url)?;
    let listener = Listener::connect(&worker_settings(url), Channel::JobQueue).await?;
    let (started, mut starts) = mpsc::channel(JOBS);
    let handler = tokio::spawn(handle(worker, listener, started));
    let mut latencies = Latencies::default();
    for number in 0..JOBS {
        enqueue(&mut enqueuer, number).await?;
        let acknowledged = Instant::now();
        waker.job_enqueued();
        let start = timeout(PICKUP_MAX, starts.recv()).await.context("a wake-up was lost")?;
        let (picked_up, start) = start.context("the worker ended")?;
        ensure!(picked_up == number, "job {picked_up} started instead of {number}");
        latencies.add(start.saturating_duration_since(acknowledged));
        sleep(GAP).await;
    }
    drop(starts);
    handler.await??;
    let (completed, others) = completed_and_others(observer).await?;
    ensure!(completed == i64::try_from(JOBS)? && others == 0, "{completed} completed, {others} others");
    Ok(latencies)
}

/// The worker: idle until woken, then claims until nothing is due. Ends after the last job.
async fn handle(
    mut connection: Connection,
    mut listener: Listener,
    started: mpsc::Sender<(usize, Instant)>,
) -> anyhow::Result<()> {
    let worker_id = worker_id();
    let mut handled = 0;
    while handled < JOBS {
        listener.heard().await?;
        handled += claim_until_empty(&mut connection, &worker_id, &started).await?;
    }
    Ok(())
}

async fn claim_until_empty(
    connection: &mut Connection,
    worker_id: &WorkerId,
    started: &mpsc::Sender<(usize, Instant)>,
) -> anyhow::Result<usize> {
    let mut handled = 0;
    loop {
        let leases = queue::claim(connection, worker_id, NoOp::JOB_TYPE, BATCH, LEASE).await?;
        let start = Instant::now();
        if leases.is_empty() {
            return Ok(handled);
        }
        let jobs: Vec<NoOp> = leases.iter().map(|lease| lease.read()).collect::<Result<_, _>>()?;
        handled += queue::complete(connection, worker_id, &leases).await?.len();
        for job in jobs {
            started.send((job.number, start)).await.context("nobody measures any more")?;
        }
    }
}

/// The same claim by a worker that knows when to look: what a pickup cannot be faster than.
async fn claims_alone(url: &str, observer: &Client) -> anyhow::Result<Latencies> {
    empty_queue(observer).await?;
    let (mut enqueuer, mut worker) = two_connections(url).await?;
    let worker_id = worker_id();
    let mut latencies = Latencies::default();
    for number in 0..JOBS {
        enqueue(&mut enqueuer, number).await?;
        let acknowledged = Instant::now();
        let leases = queue::claim(&mut worker, &worker_id, NoOp::JOB_TYPE, BATCH, LEASE).await?;
        latencies.add(acknowledged.elapsed());
        let completed = queue::complete(&mut worker, &worker_id, &leases).await?;
        ensure!(completed.len() == 1, "{} jobs were due instead of one", completed.len());
        sleep(GAP).await;
    }
    Ok(latencies)
}

/// One job in a transaction of its own.
pub(crate) async fn enqueue(connection: &mut Connection, number: usize) -> anyhow::Result<()> {
    transaction(connection, async |connection| queue::enqueue(connection, &NoOp::new(number), ENQUEUE).await)
        .await?;
    Ok(())
}

async fn two_connections(url: &str) -> anyhow::Result<(Connection, Connection)> {
    let mut connections = worker_connections(url, 2).await?.into_iter();
    Ok((connections.next().context("no connection")?, connections.next().context("no connection")?))
}
