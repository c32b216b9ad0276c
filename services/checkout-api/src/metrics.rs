//! The figures of this service at `/metrics`.

use domain::{Pool, payments::gateway::Provider, pool::PoolLoad};
use opentelemetry::{KeyValue, metrics::Counter};
use service_kit::{
    http::Code,
    telemetry::{Connections, meter, show_connections},
};

/// The outcome of a request that was answered with an intent.
pub(crate) const CREATED: &str = "created";

/// Counters that handlers write.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    intents: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let intents = meter()
            .u64_counter("order_intents")
            .with_description("Requests for an order intent by outcome: created, or the code of the refusal.")
            .build();
        let failures = [Code::GatewayUnavailable, Code::ServiceUnavailable, Code::InternalError];
        for provider in Provider::ALL {
            // A series that begins with its first event hides that event from `increase()`.
            for outcome in failures.map(Code::as_str).into_iter().chain([CREATED]) {
                intents.add(0, &labels(provider, outcome));
            }
        }
        Self { intents }
    }

    /// A request for an intent was answered.
    pub(crate) fn intent(&self, provider: Provider, outcome: &'static str) {
        self.intents.add(1, &labels(provider, outcome));
    }
}

fn labels(provider: Provider, outcome: &'static str) -> [KeyValue; 2] {
    [KeyValue::new("provider", provider.as_str()), KeyValue::new("outcome", outcome)]
}

/// Lets `/metrics` read how busy the pool is.
pub(crate) fn show_pool(pool: &Pool) {
    let pool = pool.clone();
    show_connections("main", move || {
        let PoolLoad { in_use, open, size_max, waiting, failures } = pool.load();
        Connections { in_use, open, size_max, waiting, failures }
    });
}
