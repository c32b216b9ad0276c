use std::time::Duration;

use schema::{Connection, Error, queries::jobs};
use serde_json::Value;

use super::current_trace_context;
use crate::jobs::Job;

/// When a job is due and how often it may be tried.
#[derive(Debug, Clone, Copy)]
pub struct Enqueue {
    /// From now, by the database's clock; zero is due at once.
    pub run_in: Duration,
    /// At least 1.
    pub max_attempts: i32,
}

/// Owes a job, in the caller's transaction. A live job of the same key is not doubled: a pending one is brought
/// forward, a running one stays as it is.
///
/// Locks the row it meets: call it before anything else is locked, and wake workers after COMMIT.
pub async fn enqueue<J: Job>(connection: &mut Connection, job: &J, options: Enqueue) -> Result<(), Error> {
    enqueue_all(connection, std::slice::from_ref(job), options).await
}

/// Owes several jobs of one type, in one statement, as `enqueue` owes one.
pub async fn enqueue_all<J: Job>(
    connection: &mut Connection,
    jobs: &[J],
    options: Enqueue,
) -> Result<(), Error> {
    let trace_context = current_trace_context().map(|context| context.0);
    let new = jobs
        .iter()
        .map(|job| new_job(job, options, trace_context.clone()))
        .collect::<Result<Vec<_>, Error>>()?;
    if new.is_empty() {
        return Ok(());
    }
    jobs::enqueue(connection, &new).await
}

/// The row of a job that is not enqueued yet.
pub(crate) fn new_job<J: Job>(
    job: &J,
    options: Enqueue,
    trace_context: Option<Value>,
) -> Result<jobs::NewJob, Error> {
    Ok(jobs::NewJob {
        job_type: J::JOB_TYPE.to_owned(),
        payload: serde_json::to_value(job)
            .map_err(|error| Error::Defect(format!("{} payload: {error}", J::JOB_TYPE)))?,
        priority: J::PRIORITY,
        run_in_seconds: options.run_in.as_secs_f64(),
        max_attempts: options.max_attempts,
        idempotency_key: Some(job.idempotency_key()),
        trace_context,
    })
}
