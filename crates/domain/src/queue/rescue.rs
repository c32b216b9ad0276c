use std::collections::HashMap;

use schema::{Connection, Error, queries::leases};
use serde_json::Value;

use super::TraceContext;

/// Jobs rescued in one call; the function in the database has the same bound.
pub const RESCUED_MAX: usize = 1000;

/// A job whose lease ran out.
#[derive(Debug, Clone)]
pub struct RescuedJob {
    pub job_id: i64,
    pub job_type: String,
    /// Of the request that owed it.
    pub trace_context: Option<TraceContext>,
}

/// What one rescue did.
#[derive(Debug, Clone, Default)]
pub struct Rescue {
    /// Jobs that are due again.
    pub requeued: Vec<RescuedJob>,
    /// Jobs quarantined after their third crash or last attempt; those that carried money have a review case.
    pub failed: Vec<RescuedJob>,
}

/// Rescues jobs whose lease ran out, at most [`RESCUED_MAX`]. Safe from any number of processes at once.
pub async fn rescue_stale(connection: &mut Connection) -> Result<Rescue, Error> {
    let mut rescue = Rescue::default();
    let rescued = leases::requeue_stale_jobs(connection).await?;
    if rescued.is_empty() {
        return Ok(rescue);
    }
    let ids: Vec<i64> = rescued.iter().map(|job| job.id).collect();
    // The rescue is committed: whoever asked for it must hear of it, with or without its traces.
    let contexts = leases::trace_contexts_of(connection, &ids).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the traces of rescued jobs cannot be read; their rescue is in none");
        Vec::new()
    });
    let mut contexts: HashMap<i64, Value> = contexts.into_iter().collect();
    for job in rescued {
        let trace_context = contexts.remove(&job.id).map(TraceContext);
        let list = if job.status == "failed" { &mut rescue.failed } else { &mut rescue.requeued };
        list.push(RescuedJob { job_id: job.id, job_type: job.job_type, trace_context });
    }
    Ok(rescue)
}
