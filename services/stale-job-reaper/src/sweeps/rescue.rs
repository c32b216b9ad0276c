use domain::{
    Connection, Error,
    notifications::Channel,
    queue::{RESCUED_MAX, rescue_stale},
};

use super::{Context, wake};
use crate::swept::Swept;

pub(super) async fn page(
    connection: &mut Connection,
    context: &Context,
    swept: &mut Swept,
) -> Result<bool, Error> {
    let rescue = rescue_stale(connection).await?;
    for (job_id, job_type) in &rescue.requeued {
        tracing::warn!(job_id, job_type, "lease ran out; the job is due again");
        context.metrics.rescued(job_type, "requeued");
    }
    for (job_id, job_type) in &rescue.failed {
        tracing::error!(job_id, job_type, "lease ran out too often; the job is quarantined");
        context.metrics.rescued(job_type, "failed");
    }
    if !rescue.requeued.is_empty() {
        wake(connection, Channel::JobQueue).await;
    }
    swept.jobs_rescued += rescue.requeued.len();
    swept.jobs_failed += rescue.failed.len();
    Ok(rescue.requeued.len() + rescue.failed.len() >= RESCUED_MAX)
}
