use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::{
    jobs::Job,
    queue::{self, Line, Look, WorkerId},
};
use schema::Connection;
use tokio_postgres::Client;

use crate::{
    connections::{connect, worker_connections, worker_id},
    queue::{
        drain::{BATCH, LEASE},
        no_op::{IdempotencyKey, NoOp, empty_queue, fill_queue},
    },
};

const FINISHED: &str = "
    INSERT INTO job_queue (job_type, payload, status, attempts, run_at, created_at, updated_at, completed_at)
        SELECT $1, jsonb_build_object('number', n, 'filler', repeat('x', 172)), 'completed', 1, at, at, at, at
          FROM generate_series(1, $2::integer) AS n, LATERAL (SELECT now() - interval '1 day' + n * interval '10 ms' AS at) AS t";
const FUTURE: &str = "
    INSERT INTO job_queue (job_type, payload, run_at)
        SELECT $1, jsonb_build_object('number', n, 'filler', repeat('x', 172)), now() + interval '1 day' + n * interval '1 s'
          FROM generate_series(1, $2::integer) AS n";

/// A `job_queue`, the connection of the worker that empties it, and one for everything else.
pub(super) struct Table {
    observer: Client,
    worker: Connection,
    worker_id: WorkerId,
    line: Line,
}

impl Table {
    pub(super) async fn open(url: &str) -> anyhow::Result<Self> {
        let worker = worker_connections(url, 1).await?.pop().context("no connection")?;
        Ok(Self { observer: connect(url).await?, worker, worker_id: worker_id(), line: Line::of::<NoOp>() })
    }

    pub(super) async fn clear(&self) -> anyhow::Result<()> {
        empty_queue(&self.observer).await
    }

    pub(super) async fn add_finished(&self, jobs: i32) -> anyhow::Result<()> {
        self.observer.execute(FINISHED, &[&NoOp::JOB_TYPE, &jobs]).await?;
        Ok(())
    }

    pub(super) async fn add_future(&self, jobs: i32) -> anyhow::Result<()> {
        self.observer.execute(FUTURE, &[&NoOp::JOB_TYPE, &jobs]).await?;
        Ok(())
    }

    pub(super) async fn add_due(&self, jobs: i32) -> anyhow::Result<()> {
        fill_queue(&self.observer, jobs, IdempotencyKey::OfItsOwn).await?;
        Ok(self.observer.batch_execute("CHECKPOINT").await?)
    }

    /// Takes a full batch through its life; returns how long the claim took.
    pub(super) async fn claim_and_complete(&mut self) -> anyhow::Result<Duration> {
        let (worker, worker_id) = (&mut self.worker, &self.worker_id);
        let began = Instant::now();
        let leases = self.line.claim(worker, worker_id, Look::Ahead, BATCH, LEASE).await?;
        let took = began.elapsed();
        ensure!(leases.len() == usize::try_from(BATCH)?, "{} jobs were due instead of {BATCH}", leases.len());
        let completed = queue::complete(worker, worker_id, &leases).await?;
        ensure!(completed.len() == leases.len(), "a lease was lost while nobody rescues");
        Ok(took)
    }

    /// Jobs that are not due yet.
    ///
    /// # Errors
    /// Where anything else is left undone, or took more than one attempt.
    pub(super) async fn future(&self) -> anyhow::Result<i64> {
        let read = "SELECT count(*) FILTER (WHERE status = 'pending' AND run_at > now()),
            count(*) FILTER (WHERE status <> 'completed' AND NOT (status = 'pending' AND run_at > now())),
            count(*) FILTER (WHERE attempts > 1) FROM job_queue";
        let row = self.observer.query_one(read, &[]).await?;
        let (future, left, tried_again): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        ensure!(left == 0, "{left} jobs that were due are left after the rush");
        ensure!(tried_again == 0, "{tried_again} jobs took more than one attempt");
        Ok(future)
    }
}
