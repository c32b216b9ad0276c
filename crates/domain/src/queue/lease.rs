use std::{sync::Arc, time::Duration};

use schema::{
    Connection, Error,
    queries::leases::{self, ClaimedJob, Fence, Fences},
};
use serde_json::Value;

use super::TraceContext;
use crate::jobs::Job;

/// The name of one worker process. Never used again: a restarted pod is another worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerId(Arc<str>);

impl WorkerId {
    /// A name that starts with a readable part, such as the host's, and ends with a random one.
    pub fn unique(readable: &str) -> Self {
        let readable: String = readable.chars().take(60).collect();
        Self(format!("{readable}-{}", uuid::Uuid::new_v4().simple()).into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job held for a time. Whoever writes on its behalf names the fence; a write after the lease is lost is
/// refused.
#[derive(Debug, Clone)]
pub struct Lease {
    pub job_id: i64,
    pub job_type: String,
    pub payload: Value,
    /// This attempt's number, from 1.
    pub attempt: i32,
    pub max_attempts: i32,
    /// Workers that died holding it.
    pub crash_count: i32,
    pub lease_no: i64,
    pub idempotency_key: Option<String>,
    pub worker_id: WorkerId,
    pub trace_context: Option<TraceContext>,
    /// How long it was due before it was claimed.
    pub waited: Duration,
}

impl Lease {
    pub(super) fn new(job: ClaimedJob, worker_id: &WorkerId) -> Self {
        Self {
            job_id: job.id,
            job_type: job.job_type,
            payload: job.payload,
            attempt: job.attempts,
            max_attempts: job.max_attempts,
            crash_count: job.crash_count,
            lease_no: job.lease_no,
            idempotency_key: job.idempotency_key,
            worker_id: worker_id.clone(),
            trace_context: job.trace_context.map(TraceContext),
            waited: Duration::try_from_secs_f64(job.waited_seconds).unwrap_or_default(),
        }
    }

    /// The payload as its type; the error says what cannot be read.
    pub fn read<J: Job>(&self) -> Result<J, serde_json::Error> {
        J::deserialize(&self.payload)
    }

    /// The intent this job is about: its payload names it, and where that cannot be read, its key does.
    pub fn payment_intent_id(&self) -> Option<&str> {
        let in_payload = self.payload.get("payment_intent_id").and_then(Value::as_str);
        in_payload
            .or_else(|| self.idempotency_key.as_deref()?.strip_prefix(&self.job_type)?.strip_prefix(':'))
    }

    /// What fences a single write.
    pub fn fence(&self) -> Fence<'_> {
        Fence { worker_id: self.worker_id.as_str(), id: self.job_id, lease_no: self.lease_no }
    }
}

/// Leases' fences as the batch statements take them, in ascending id so that two batches lock in one order.
pub(crate) struct FenceBatch {
    worker_id: WorkerId,
    ids: Vec<i64>,
    lease_nos: Vec<i64>,
}

impl FenceBatch {
    pub(crate) fn of<'a>(worker_id: &WorkerId, leases: impl IntoIterator<Item = &'a Lease>) -> Self {
        let mut fences: Vec<(i64, i64)> =
            leases.into_iter().map(|lease| (lease.job_id, lease.lease_no)).collect();
        fences.sort_unstable();
        let (ids, lease_nos) = fences.into_iter().unzip();
        Self { worker_id: worker_id.clone(), ids, lease_nos }
    }

    pub(crate) fn fences(&self) -> Fences<'_> {
        Fences { worker_id: self.worker_id.as_str(), ids: &self.ids, lease_nos: &self.lease_nos }
    }
}

/// Claims at most `claimed_max` due jobs of a type for `lease`.
pub async fn claim(
    connection: &mut Connection,
    worker_id: &WorkerId,
    job_type: &str,
    claimed_max: u32,
    lease: Duration,
) -> Result<Vec<Lease>, Error> {
    let claimed =
        leases::claim_due(connection, worker_id.as_str(), job_type, claimed_max.into(), lease.as_secs_f64());
    Ok(claimed.await?.into_iter().map(|job| Lease::new(job, worker_id)).collect())
}

/// The heartbeat. Returns the ids still held; whoever runs one that is missing stops at once.
pub async fn extend<'a>(
    connection: &mut Connection,
    worker_id: &WorkerId,
    held: impl IntoIterator<Item = &'a Lease>,
    lease: Duration,
) -> Result<Vec<i64>, Error> {
    let batch = FenceBatch::of(worker_id, held);
    leases::extend_if_held(connection, batch.fences(), lease.as_secs_f64()).await
}

/// Gives unstarted jobs back with their attempt: what a stopping worker does first. Returns the ids
/// that were still held.
pub async fn return_unstarted(
    connection: &mut Connection,
    worker_id: &WorkerId,
    unstarted: &[Lease],
) -> Result<Vec<i64>, Error> {
    let batch = FenceBatch::of(worker_id, unstarted);
    leases::return_unstarted_if_held(connection, batch.fences()).await
}
