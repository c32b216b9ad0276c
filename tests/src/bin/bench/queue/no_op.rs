use domain::jobs::Job;
use serde::{Deserialize, Serialize};
use tokio_postgres::Client;

/// Makes a payload of 200 bytes as JSON text.
const FILLER_BYTES: i32 = 172;

/// A job whose handler has nothing to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NoOp {
    pub(crate) number: usize,
    filler: String,
}

impl NoOp {
    pub(crate) fn new(number: usize) -> Self {
        Self { number, filler: "x".repeat(usize::try_from(FILLER_BYTES).unwrap_or_default()) }
    }
}

impl Job for NoOp {
    const JOB_TYPE: &'static str = "bench_no_op";
    const PRIORITY: i32 = 100;

    fn idempotency_key(&self) -> String {
        format!("{}:{}", Self::JOB_TYPE, self.number)
    }
}

/// An empty queue, and nothing left to vacuum or to write of what was in it.
pub(crate) async fn empty_queue(observer: &Client) -> anyhow::Result<()> {
    observer.batch_execute("TRUNCATE job_queue").await?;
    Ok(observer.batch_execute("CHECKPOINT").await?)
}

/// What a job may have beside its payload, which costs one more index entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdempotencyKey {
    OfItsOwn,
    None,
}

/// Jobs that are due, enqueued at one stroke.
pub(crate) async fn fill_queue(observer: &Client, jobs: i32, key: IdempotencyKey) -> anyhow::Result<()> {
    let fill = "INSERT INTO job_queue (job_type, payload, priority, max_attempts, idempotency_key)
        SELECT $1, jsonb_build_object('number', n, 'filler', repeat('x', $2)), $3, 20,
               CASE WHEN $5 THEN $1 || ':' || n END
          FROM generate_series(1, $4::integer) AS n";
    let has_key = key == IdempotencyKey::OfItsOwn;
    observer.execute(fill, &[&NoOp::JOB_TYPE, &FILLER_BYTES, &NoOp::PRIORITY, &jobs, &has_key]).await?;
    Ok(observer.batch_execute("VACUUM (ANALYZE) job_queue").await?)
}

/// Jobs by what became of them: completed after one attempt, and anything else.
pub(crate) async fn completed_and_others(observer: &Client) -> anyhow::Result<(i64, i64)> {
    let read = "SELECT count(*) FILTER (WHERE done), count(*) FILTER (WHERE NOT done)
        FROM (SELECT status = 'completed' AND attempts = 1 AS done FROM job_queue) AS jobs";
    let row = observer.query_one(read, &[]).await?;
    Ok((row.get(0), row.get(1)))
}
