use schema::{Connection, Error, queries::leases};

/// Jobs rescued in one call; the function in the database has the same bound.
pub const RESCUED_MAX: usize = 1000;

/// What one rescue did.
#[derive(Debug, Clone, Default)]
pub struct Rescue {
    /// Jobs that are due again, with their types.
    pub requeued: Vec<(i64, String)>,
    /// Jobs quarantined after their third crash or last attempt; those that carried money have a review case.
    pub failed: Vec<(i64, String)>,
}

/// Rescues jobs whose lease ran out, at most [`RESCUED_MAX`]. Safe from any number of processes at once.
pub async fn rescue_stale(connection: &mut Connection) -> Result<Rescue, Error> {
    let mut rescue = Rescue::default();
    for job in leases::requeue_stale_jobs(connection).await? {
        let list = if job.status == "failed" { &mut rescue.failed } else { &mut rescue.requeued };
        list.push((job.id, job.job_type));
    }
    Ok(rescue)
}
