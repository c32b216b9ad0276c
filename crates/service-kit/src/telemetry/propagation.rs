//! W3C trace context, across HTTP headers and across rows.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use actix_web::http::header::HeaderMap;
use opentelemetry::{
    Context, global,
    propagation::{Extractor, TextMapPropagator},
    trace::{Span as _, TraceContextExt, Tracer},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// The W3C `traceparent` of the span this code runs in, to be stored in `job_queue.trace_context` or sent along.
/// `None` where telemetry was not started.
pub fn current_traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes `span` a child of the span that `traceparent` names, and records `trace_id` in it. Call it before the span
/// is entered. A value that is no traceparent changes nothing but leaves the span a trace of its own.
pub fn adopt_parent(span: &Span, traceparent: &str) {
    adopt(span, remote_context(traceparent));
}

/// Links `span` to the span that `traceparent` names, and records `trace_id`: a retry is caused by the request and
/// belongs to a trace of its own.
pub fn link_to(span: &Span, traceparent: &str) {
    span.add_link(remote_context(traceparent).span().span_context().clone());
    record_trace_id(span);
}

/// Writes a span that ends now and lasted as long as something waited, as a child of the span that `traceparent` names:
/// a wait has no code that runs, and would be a gap without it.
pub fn record_wait(name: &'static str, traceparent: &str, waited: Duration) {
    let tracer = global::tracer("service-kit");
    #[expect(clippy::disallowed_methods, reason = "the time of a span is for people; it decides nothing")]
    let ends = SystemTime::now();
    let builder = tracer.span_builder(name).with_start_time(ends.checked_sub(waited).unwrap_or(ends));
    tracer.build_with_context(builder, &remote_context(traceparent)).end_with_timestamp(ends);
}

/// Writes the span's trace id into its field `trace_id`, which the span must declare, so that log lines carry it.
pub fn record_trace_id(span: &Span) {
    let context = span.context();
    let span_context = context.span().span_context().clone();
    if span_context.is_valid() {
        span.record("trace_id", tracing::field::display(span_context.trace_id()));
    }
}

pub(crate) fn adopt_parent_from_headers(span: &Span, headers: &HeaderMap) {
    adopt(span, TraceContextPropagator::new().extract(&Headers(headers)));
}

fn adopt(span: &Span, parent: Context) {
    // Refused where no tracer is installed or the span is filtered out; the span then simply has no parent.
    let _ = span.set_parent(parent);
    record_trace_id(span);
}

fn remote_context(traceparent: &str) -> Context {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    TraceContextPropagator::new().extract(&carrier)
}

struct Headers<'request>(&'request HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
