//! 20,000 due jobs, drained by one process, beside pgbench with the same two statements; and what they write.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use domain::{
    jobs::Job,
    queue::{self, WorkerId},
};
use schema::Connection;
use tokio::{sync::Barrier, task::JoinSet};
use tokio_postgres::Client;

use super::{
    no_op::{IdempotencyKey, NoOp, completed_and_others, empty_queue, fill_queue},
    replay,
};
use crate::{
    cluster::Cluster,
    connections::{worker_connections, worker_id},
    pgbench::Lap,
    report::{Row, Target},
    rounds::Samples,
    say,
    wal::wal_bytes,
};

/// Jobs a claim asks for.
pub(crate) const BATCH: u32 = 100;
/// Longer than any lap.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
pub(crate) const JOBS: i32 = 20_000;
/// Connections of the draining process, and clients of pgbench.
const LANES: usize = 4;
/// Of pgbench's clients, so that together they claim every job.
const CLAIMS_EACH: usize = 50;

const RATIO_LEAST: f64 = 0.9;
const WAL_BYTES_MOST: f64 = 1_024.0;

#[derive(Default)]
struct Measured {
    drained: Samples,
    replayed: Samples,
    enqueue_bytes: Samples,
    drain_bytes: Samples,
    life_bytes: Samples,
    life_bytes_without_key: Samples,
    drain_bytes_with_images: Samples,
}

pub(crate) async fn run(cluster: &Cluster, url: &str, observer: &Client) -> anyhow::Result<Vec<Row>> {
    let script = match worker_connections(url, 1).await?.as_mut_slice() {
        [connection] => replay::claim_and_complete(connection).await?,
        _ => anyhow::bail!("one connection was asked for"),
    };
    let mut measured = Measured::default();
    for round in 1..=cluster.rounds {
        say(&format!("  drain, round {round} of {}", cluster.rounds));
        measured.lap(url, observer).await?;
        measured.replay_lap(url, observer, &script).await?;
        measured.lap_after_checkpoint(url, observer).await?;
        measured.lap_without_key(url, observer).await?;
    }
    Ok(measured.rows())
}

impl Measured {
    async fn lap(&mut self, url: &str, observer: &Client) -> anyhow::Result<()> {
        empty_queue(observer).await?;
        let before = wal_bytes(observer).await?;
        fill_queue(observer, JOBS, IdempotencyKey::OfItsOwn).await?;
        let filled = wal_bytes(observer).await?;
        let took = drain(url).await?;
        let drained = wal_bytes(observer).await?;
        ensure_all_completed(observer).await?;
        let jobs = f64::from(JOBS);
        self.drained.push(jobs / took.as_secs_f64());
        self.enqueue_bytes.push((filled - before) / jobs);
        self.drain_bytes.push((drained - filled) / jobs);
        self.life_bytes.push((drained - before) / jobs);
        Ok(())
    }

    async fn replay_lap(&mut self, url: &str, observer: &Client, script: &str) -> anyhow::Result<()> {
        empty_queue(observer).await?;
        fill_queue(observer, JOBS, IdempotencyKey::OfItsOwn).await?;
        let lap = Lap {
            database_url: url,
            name: "claim_and_complete",
            script,
            clients: LANES,
            transactions_each: CLAIMS_EACH,
        };
        self.replayed.push(lap.run().await? * f64::from(BATCH));
        ensure_all_completed(observer).await
    }

    async fn lap_after_checkpoint(&mut self, url: &str, observer: &Client) -> anyhow::Result<()> {
        empty_queue(observer).await?;
        fill_queue(observer, JOBS, IdempotencyKey::OfItsOwn).await?;
        observer.batch_execute("CHECKPOINT").await?;
        let before = wal_bytes(observer).await?;
        drain(url).await?;
        self.drain_bytes_with_images.push((wal_bytes(observer).await? - before) / f64::from(JOBS));
        ensure_all_completed(observer).await
    }

    /// Other queues are measured with jobs that have none.
    async fn lap_without_key(&mut self, url: &str, observer: &Client) -> anyhow::Result<()> {
        empty_queue(observer).await?;
        let before = wal_bytes(observer).await?;
        fill_queue(observer, JOBS, IdempotencyKey::None).await?;
        drain(url).await?;
        self.life_bytes_without_key.push((wal_bytes(observer).await? - before) / f64::from(JOBS));
        ensure_all_completed(observer).await
    }

    fn rows(self) -> Vec<Row> {
        vec![
            Row::new("queue: drain", "jobs/s", self.drained)
                .beside("pgbench, same SQL", &self.replayed)
                .target(Target::RatioAtLeast(RATIO_LEAST)),
            Row::new("queue: WAL of an enqueue", "B/job", self.enqueue_bytes),
            Row::new("queue: WAL of claim and complete", "B/job", self.drain_bytes)
                .beside("with page images, after a checkpoint", &self.drain_bytes_with_images),
            Row::new("queue: WAL of a job's life, no idempotency key", "B/job", self.life_bytes_without_key)
                .beside("with a key", &self.life_bytes)
                .target(Target::AtMost(WAL_BYTES_MOST)),
        ]
    }
}

/// Empties the queue with all lanes of one process and returns how long it took.
pub(crate) async fn drain(url: &str) -> anyhow::Result<Duration> {
    let worker_id = worker_id();
    let start = Arc::new(Barrier::new(LANES + 1));
    let mut lanes = JoinSet::new();
    for connection in worker_connections(url, LANES).await? {
        lanes.spawn(lane(connection, worker_id.clone(), Arc::clone(&start)));
    }
    start.wait().await;
    let began = Instant::now();
    let mut handled = 0;
    while let Some(lane) = lanes.join_next().await {
        handled += lane??;
    }
    let took = began.elapsed();
    ensure!(handled == usize::try_from(JOBS)?, "{handled} jobs were handled instead of {JOBS}");
    Ok(took)
}

/// Claims, runs and completes until nothing is due; returns how many jobs it handled.
async fn lane(mut connection: Connection, worker_id: WorkerId, start: Arc<Barrier>) -> anyhow::Result<usize> {
    start.wait().await;
    let mut handled = 0;
    loop {
        let leases = queue::claim(&mut connection, &worker_id, NoOp::JOB_TYPE, BATCH, LEASE).await?;
        if leases.is_empty() {
            return Ok(handled);
        }
        for lease in &leases {
            lease.read::<NoOp>()?;
        }
        let completed = queue::complete(&mut connection, &worker_id, &leases).await?;
        ensure!(completed.len() == leases.len(), "a lease was lost while nobody rescues");
        handled += completed.len();
    }
}

async fn ensure_all_completed(observer: &Client) -> anyhow::Result<()> {
    let (completed, others) = completed_and_others(observer).await?;
    ensure!(
        completed == i64::from(JOBS) && others == 0,
        "{completed} jobs completed at their first attempt and {others} did not, of {JOBS}"
    );
    Ok(())
}
