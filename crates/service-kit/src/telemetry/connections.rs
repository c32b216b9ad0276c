use std::sync::Arc;

use opentelemetry::{KeyValue, metrics::AsyncInstrument};

use super::meter;

/// How busy a pool of database connections is, and how often it failed somebody.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    pub in_use: usize,
    pub open: usize,
    pub size_max: usize,
    /// Callers that wait for one now.
    pub waiting: usize,
    /// Callers that got none, since the process began.
    pub failures: u64,
}

/// A gauge's name and description, and what it shows of a pool.
type Gauge = (&'static str, &'static str, fn(Connections) -> usize);

const GAUGES: [Gauge; 4] = [
    ("database_connections_in_use", "Connections that somebody holds.", |now| now.in_use),
    ("database_connections_open", "Connections that are open.", |now| now.open),
    ("database_connections_max", "Connections that may be open.", |now| now.size_max),
    ("database_connection_waiters", "Callers that wait for a connection.", |now| now.waiting),
];

/// Lets `/metrics` read how busy a pool is, under the pool's name.
pub fn show_connections(pool: &'static str, read: impl Fn() -> Connections + Send + Sync + 'static) {
    let read = Arc::new(read);
    let meter = meter();
    for (name, description, figure) in GAUGES {
        let read = Arc::clone(&read);
        let observe = move |observer: &dyn AsyncInstrument<u64>| {
            let count = u64::try_from(figure(read())).unwrap_or(u64::MAX);
            observer.observe(count, &[KeyValue::new("pool", pool)]);
        };
        // The meter keeps the callback for as long as the process lives.
        let _registered =
            meter.u64_observable_gauge(name).with_description(description).with_callback(observe).build();
    }
    let observe = move |observer: &dyn AsyncInstrument<u64>| {
        observer.observe(read().failures, &[KeyValue::new("pool", pool)]);
    };
    let _registered = meter
        .u64_observable_counter("database_connection_failures")
        .with_description("Callers that got no connection: none was free in time, or the database was away.")
        .with_callback(observe)
        .build();
}
