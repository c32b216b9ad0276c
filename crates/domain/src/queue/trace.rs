//! The trace goes through the row: an attempt is linked to the request that owed the job.

use std::collections::BTreeMap;

use opentelemetry::{Context, global};
use serde_json::Value;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// W3C trace context as `job_queue.trace_context` keeps it: an object of header names and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext(pub Value);

/// The context of the current span, if it is traced.
pub fn current_trace_context() -> Option<TraceContext> {
    let mut headers = BTreeMap::new();
    let context = tracing::Span::current().context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut Carrier(&mut headers))
    });
    if headers.is_empty() {
        return None;
    }
    Some(TraceContext(headers.into_iter().map(|(name, value)| (name, Value::String(value))).collect()))
}

impl TraceContext {
    /// The header that names the span it came from.
    pub fn traceparent(&self) -> Option<&str> {
        self.0.get("traceparent")?.as_str()
    }

    /// The context to link or parent an attempt to.
    pub fn extract(&self) -> Context {
        let empty = serde_json::Map::new();
        let headers = self.0.as_object().unwrap_or(&empty);
        global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)))
    }
}

struct Carrier<'a>(&'a mut BTreeMap<String, String>);

impl opentelemetry::propagation::Injector for Carrier<'_> {
    fn set(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }
}

struct Headers<'a>(&'a serde_json::Map<String, Value>);

impl opentelemetry::propagation::Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}
