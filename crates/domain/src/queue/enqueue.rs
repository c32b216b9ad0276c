use std::time::Duration;

use schema::{Connection, Error, queries::jobs};

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
    let payload = serde_json::to_value(job)
        .map_err(|error| Error::Defect(format!("{} payload: {error}", J::JOB_TYPE)))?;
    let new = jobs::NewJob {
        job_type: J::JOB_TYPE.to_owned(),
        payload,
        priority: J::PRIORITY,
        run_in_seconds: options.run_in.as_secs_f64(),
        max_attempts: options.max_attempts,
        idempotency_key: Some(job.idempotency_key()),
        trace_context: current_trace_context().map(|context| context.0),
    };
    jobs::enqueue(connection, &[new]).await
}
