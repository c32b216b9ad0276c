use domain::{
    Connection, Error,
    notifications::Channel,
    queue::{RESCUED_MAX, RescuedJob, rescue_stale},
};
use service_kit::telemetry;
use tracing::{Span, field};

use super::{Context, wake};
use crate::swept::Swept;

pub(super) async fn page(
    connection: &mut Connection,
    context: &Context,
    swept: &mut Swept,
) -> Result<bool, Error> {
    let rescue = rescue_stale(connection).await?;
    for job in &rescue.requeued {
        span_of(job).in_scope(|| tracing::warn!("lease ran out; the job is due again"));
        context.metrics.rescued(&job.job_type, "requeued");
    }
    for job in &rescue.failed {
        span_of(job).in_scope(|| tracing::error!("lease ran out too often; the job is quarantined"));
        context.metrics.rescued(&job.job_type, "failed");
    }
    if !rescue.requeued.is_empty() {
        wake(connection, Channel::JobQueue).await;
    }
    swept.jobs_rescued += rescue.requeued.len();
    swept.jobs_failed += rescue.failed.len();
    Ok(rescue.requeued.len() + rescue.failed.len() >= RESCUED_MAX)
}

/// The rescue as the trace of whoever owed the job shows it: there one looks for what was waited for.
fn span_of(job: &RescuedJob) -> Span {
    let span =
        tracing::info_span!("rescue", job_id = job.job_id, job_type = job.job_type, trace_id = field::Empty);
    if let Some(traceparent) = job.trace_context.as_ref().and_then(|context| context.traceparent()) {
        telemetry::adopt_parent(&span, traceparent);
    }
    span
}
