//! The figures of this service at `/metrics`.

use std::time::Duration;

use domain::payments::{
    callback::{CallbackKind, ReceiveError, Received},
    gateway::Provider,
};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use service_kit::telemetry::meter;

/// Seconds: from an answer in the same building to the longest wait for a gateway.
const BOUNDARIES: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0];

#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    callbacks: Counter<u64>,
    durations: Histogram<f64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        Self {
            callbacks: meter
                .u64_counter("payment_callbacks")
                .with_description("Callbacks by provider, kind and verdict.")
                .build(),
            durations: meter
                .f64_histogram("payment_callback_duration")
                .with_unit("s")
                .with_description("Time from a callback to its answer, the gateway's part included.")
                .with_boundaries(BOUNDARIES.to_vec())
                .build(),
        }
    }

    /// A callback has been worked on.
    pub(crate) fn received(
        &self,
        provider: Provider,
        kind: CallbackKind,
        received: &Result<Received, ReceiveError>,
        took: Duration,
    ) {
        let provider = KeyValue::new("provider", provider.as_str());
        let labels = |verdict| [provider.clone(), KeyValue::new("kind", kind.as_str()), verdict];
        let verdict = KeyValue::new("verdict", verdict_of(received));
        self.callbacks.add(1, &labels(verdict.clone()));
        self.durations.record(took.as_secs_f64(), &labels(verdict));
    }
}

/// The verdict, or why there is none.
fn verdict_of(received: &Result<Received, ReceiveError>) -> &'static str {
    match received {
        Ok(received) => received.verdict.as_str(),
        Err(ReceiveError::Invalid { .. }) => "invalid",
        Err(ReceiveError::UnknownIntent) => "unknown_intent",
        Err(ReceiveError::TooMany { .. }) => "too_many",
        Err(ReceiveError::Record(_) | ReceiveError::UnknownWord(_) | ReceiveError::Schema(_)) => "error",
    }
}
