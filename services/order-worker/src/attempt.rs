//! What every attempt has: a span, and a wall that panics do not pass.

use std::{any::Any, future::Future, panic::AssertUnwindSafe};

use domain::queue::Lease;
use futures_util::FutureExt;
use service_kit::telemetry;
use tracing::{Span, field};

/// The span of one attempt.
///
/// The first attempt belongs to the trace of the request that owed the job: what the shopper waits for is one trace.
/// Every later one, a retry as well as a question asked again after days, is a trace of its own that links to it.
pub(crate) fn span_of(lease: &Lease) -> Span {
    let span = tracing::info_span!(
        "job",
        otel.name = lease.job_type,
        otel.kind = "consumer",
        job_id = lease.job_id,
        job_type = lease.job_type,
        attempt = lease.attempt,
        payment_intent_id = lease.payment_intent_id(),
        trace_id = field::Empty,
    );
    let traceparent = lease.trace_context.as_ref().and_then(|context| context.0.get("traceparent")?.as_str());
    match traceparent {
        Some(traceparent) if lease.lease_no == 1 => telemetry::adopt_parent(&span, traceparent),
        Some(traceparent) => telemetry::link_to(&span, traceparent),
        None => telemetry::record_trace_id(&span),
    }
    span
}

/// Runs a handler; a panic is its failure, not its lane's. A connection that was in a transaction is discarded by
/// its pool, so nothing of it stays.
pub(crate) async fn catch_panic<T>(handler: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(handler).catch_unwind().await.map_err(|panic| format!("panicked: {}", words_of(&*panic)))
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}
