//! What every attempt has: a span, and a wall that panics do not pass.

use std::{any::Any, future::Future, panic::AssertUnwindSafe};

use domain::queue::Lease;
use futures_util::FutureExt;
use service_kit::telemetry;
use tracing::{Span, field};

/// The span of one attempt.
///
/// The first attempt belongs to the trace of the request that owed the job: what the shopper waits for is one trace. So does
/// the next one while workers die with the job, for nothing has come of it yet. Every later one, a retry as well as a
/// question asked again after days, is a trace of its own that links to it.
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
    let is_first_that_lasts = lease.lease_no == 1 + i64::from(lease.crash_count);
    match lease.trace_context.as_ref().and_then(|context| context.traceparent()) {
        Some(traceparent) if is_first_that_lasts => {
            telemetry::record_wait("queued", traceparent, lease.waited);
            telemetry::adopt_parent(&span, traceparent);
        }
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

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        sync::{Arc, Mutex},
        time::Duration,
    };

    use domain::queue::{TraceContext, WorkerId};
    use opentelemetry::trace::{SpanId, TracerProvider};
    use opentelemetry_sdk::{
        error::OTelSdkResult,
        trace::{SdkTracerProvider, SpanData, SpanExporter},
    };
    use serde_json::json;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[derive(Debug, Clone, Default)]
    struct Exported(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Exported {
        #[expect(refining_impl_trait, reason = "nothing is waited for")]
        fn export(&self, batch: Vec<SpanData>) -> Ready<OTelSdkResult> {
            self.0.lock().unwrap().extend(batch);
            ready(Ok(()))
        }
    }

    /// The span of a claim, as it is exported.
    fn exported(lease_no: i64, crash_count: i32) -> SpanData {
        let exported = Exported::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exported.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let traceparent = format!("00-{TRACE_ID}-00f067aa0ba902b7-01");
            drop(span_of(&Lease {
                job_id: 41,
                job_type: "finalize_order".to_owned(),
                payload: json!({}),
                idempotency_key: None,
                attempt: 1,
                max_attempts: 20,
                crash_count,
                lease_no,
                worker_id: WorkerId::unique("test"),
                trace_context: Some(TraceContext(json!({ "traceparent": traceparent }))),
                waited: Duration::ZERO,
            }));
        });
        let mut spans = exported.0.lock().unwrap();
        spans.pop().expect("the span was exported")
    }

    #[test]
    fn the_first_claim_that_no_worker_dies_with_goes_on_with_the_trace_of_the_request() {
        for crash_count in [0, 1, 2] {
            let span = exported(1 + i64::from(crash_count), crash_count);
            assert_eq!(span.span_context.trace_id().to_string(), TRACE_ID);
            assert_eq!(span.parent_span_id.to_string(), "00f067aa0ba902b7");
        }
    }

    #[test]
    fn a_later_claim_is_a_trace_of_its_own_that_links_to_the_request() {
        let span = exported(2, 0);
        assert_ne!(span.span_context.trace_id().to_string(), TRACE_ID);
        assert_eq!(span.parent_span_id, SpanId::INVALID);
        let linked: Vec<String> =
            span.links.iter().map(|link| link.span_context.trace_id().to_string()).collect();
        assert_eq!(linked, [TRACE_ID]);
    }
}
