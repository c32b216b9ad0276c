//! The figures of this service at `/metrics`.

use std::time::Duration;

use domain::{
    Pool,
    payments::{
        callback::{CallbackKind, QuestionOutcome, ReceiveError, Received},
        gateway::Provider,
    },
    pool::PoolLoad,
};
use gateways::VerificationFigures;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use service_kit::telemetry::{Connections, meter, show_connections};

/// Seconds: from an answer in the same building to the longest wait for a gateway.
const BOUNDARIES: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0];

/// Everything that a callback can be worth: a series that begins with its first event hides that event from `increase()`.
const VERDICTS: [&str; 7] =
    ["accepted", "incomplete", "invalid", "unknown_intent", "too_many", "busy", ERROR];
const ERROR: &str = "error";
const KINDS: [CallbackKind; 3] = [CallbackKind::Return, CallbackKind::FailureReturn, CallbackKind::Webhook];

#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    callbacks: Counter<u64>,
    durations: Histogram<f64>,
    verifications: VerificationFigures,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        let callbacks = meter
            .u64_counter("payment_callbacks")
            .with_description("Callbacks by provider, kind and verdict.")
            .build();
        for provider in Provider::ALL {
            for (kind, verdict) in KINDS.into_iter().flat_map(|kind| VERDICTS.map(|verdict| (kind, verdict)))
            {
                callbacks.add(0, &labels(provider, kind, verdict));
            }
        }
        Self {
            callbacks,
            verifications: VerificationFigures::default(),
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
        let labels = labels(provider, kind, verdict_of(received));
        self.callbacks.add(1, &labels);
        self.durations.record(took.as_secs_f64(), &labels);
        if let Ok(Received { question: QuestionOutcome::Asked { verified_after: Some(after), .. }, .. }) =
            received
        {
            self.verifications.verified(*after);
        }
    }

    /// A callback was turned away before anything was done for it.
    pub(crate) fn turned_away(&self, provider: Provider, kind: CallbackKind) {
        self.callbacks.add(1, &labels(provider, kind, "busy"));
    }

    /// The work on a callback ended without a result.
    pub(crate) fn panicked(&self, provider: Provider, kind: CallbackKind) {
        self.callbacks.add(1, &labels(provider, kind, ERROR));
    }
}

fn labels(provider: Provider, kind: CallbackKind, verdict: &'static str) -> [KeyValue; 3] {
    [
        KeyValue::new("provider", provider.as_str()),
        KeyValue::new("kind", kind.as_str()),
        KeyValue::new("verdict", verdict),
    ]
}

/// The verdict, or why there is none.
fn verdict_of(received: &Result<Received, ReceiveError>) -> &'static str {
    match received {
        Ok(received) => received.verdict.as_str(),
        Err(ReceiveError::Invalid { .. }) => "invalid",
        Err(ReceiveError::UnknownIntent) => "unknown_intent",
        Err(ReceiveError::TooMany { .. }) => "too_many",
        Err(ReceiveError::Record(_) | ReceiveError::UnknownWord(_) | ReceiveError::Schema(_)) => ERROR,
    }
}

/// Lets `/metrics` read how busy the pool is.
pub(crate) fn show_pool(pool: &Pool) {
    let pool = pool.clone();
    show_connections("main", move || {
        let PoolLoad { in_use, open, size_max, waiting, failures } = pool.load();
        Connections { in_use, open, size_max, waiting, failures }
    });
}
