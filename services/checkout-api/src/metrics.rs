//! The figures of this service at `/metrics`.

use domain::{Pool, payments::gateway::Provider};
use opentelemetry::{KeyValue, metrics::Counter};
use service_kit::telemetry::meter;

/// Counters that handlers write.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    intents: Counter<u64>,
}

impl Metrics {
    /// Also lets `/metrics` read how busy the pool is.
    pub(crate) fn new(pool: &Pool) -> Self {
        let meter = meter();
        let gauges = [
            ("database_connections_in_use", "Connections that a request holds."),
            ("database_connections_open", "Connections that are open."),
            ("database_connections_max", "Connections that may be open."),
            ("database_connection_waiters", "Requests that wait for a connection."),
        ];
        for (index, (name, description)) in gauges.into_iter().enumerate() {
            let pool = pool.clone();
            // The meter keeps the callback for as long as the process lives.
            let _registered = meter
                .u64_observable_gauge(name)
                .with_description(description)
                .with_callback(move |observer| {
                    let load = pool.load();
                    let figures = [load.in_use, load.open, load.size_max, load.waiting];
                    let figure = figures.get(index).and_then(|count| u64::try_from(*count).ok());
                    observer.observe(figure.unwrap_or(u64::MAX), &[]);
                })
                .build();
        }
        Self {
            intents: meter
                .u64_counter("order_intents")
                .with_description(
                    "Requests for an order intent by outcome: created, or the code of the refusal.",
                )
                .build(),
        }
    }

    /// A request for an intent was answered.
    pub(crate) fn intent(&self, provider: Provider, outcome: &'static str) {
        self.intents
            .add(1, &[KeyValue::new("provider", provider.as_str()), KeyValue::new("outcome", outcome)]);
    }
}
