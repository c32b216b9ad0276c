//! The figures of this service at `/metrics`.

use std::time::Instant;

use domain::{
    Pool,
    payments::gateway::{
        Asked, Gateway, Provider, Question, RefundReply, RefundRequest, StartPayment, StartPaymentError,
        StartedPayment,
    },
};
use futures_util::future::{BoxFuture, FutureExt};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use service_kit::telemetry::meter;

/// Counters that handlers and gateways write.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    intents: Counter<u64>,
    gateway_starts: Histogram<f64>,
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
            gateway_starts: meter
                .f64_histogram("gateway_start_duration")
                .with_unit("s")
                .with_description("Payments started at a gateway, by outcome.")
                .build(),
        }
    }

    /// A request for an intent was answered.
    pub(crate) fn intent(&self, provider: Provider, outcome: &'static str) {
        self.intents
            .add(1, &[KeyValue::new("provider", provider.as_str()), KeyValue::new("outcome", outcome)]);
    }
}

/// A gateway whose starts are timed and counted.
#[derive(Debug)]
pub(crate) struct Observed<G> {
    gateway: G,
    starts: Histogram<f64>,
}

impl<G: Gateway> Observed<G> {
    pub(crate) fn new(gateway: G, metrics: &Metrics) -> Self {
        Self { gateway, starts: metrics.gateway_starts.clone() }
    }
}

impl<G: Gateway> Gateway for Observed<G> {
    fn provider(&self) -> Provider {
        self.gateway.provider()
    }

    fn reference_in_advance(&self, payment_intent_id: &str) -> Option<String> {
        self.gateway.reference_in_advance(payment_intent_id)
    }

    fn start(&self, payment: StartPayment) -> BoxFuture<'_, Result<StartedPayment, StartPaymentError>> {
        async move {
            let began = Instant::now();
            let started = self.gateway.start(payment).await;
            let outcome = match &started {
                Ok(_) => "started",
                Err(StartPaymentError::Refused { .. }) => "refused",
                Err(StartPaymentError::Unavailable { .. }) => "unavailable",
            };
            let labels =
                [KeyValue::new("provider", self.provider().as_str()), KeyValue::new("outcome", outcome)];
            self.starts.record(began.elapsed().as_secs_f64(), &labels);
            started
        }
        .boxed()
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, Asked> {
        self.gateway.ask(question)
    }

    fn refund(&self, request: RefundRequest) -> BoxFuture<'_, RefundReply> {
        self.gateway.refund(request)
    }
}
