//! Calls to gateways, counted and timed by what came of them.

use std::time::Instant;

use domain::payments::gateway::{
    Asked, Gateway, Provider, Question, RefundReply, RefundRequest, StartPayment, StartPaymentError,
    StartedPayment,
};
use futures_util::future::{BoxFuture, FutureExt};
use opentelemetry::{KeyValue, metrics::Histogram};
use service_kit::telemetry::meter;

/// Seconds: from an answer in the same building to the longest that is waited for one.
const BOUNDARIES: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// A gateway whose calls show at `/metrics` as `gateway_call_duration_seconds` by provider, call and outcome.
#[derive(Debug)]
pub(crate) struct Measured<G> {
    gateway: G,
    calls: Histogram<f64>,
}

impl<G: Gateway> Measured<G> {
    pub(crate) fn new(gateway: G) -> Self {
        let calls = meter()
            .f64_histogram("gateway_call_duration")
            .with_unit("s")
            .with_description("Calls to gateways (start, ask, refund) by what came of them.")
            .with_boundaries(BOUNDARIES.to_vec())
            .build();
        Self { gateway, calls }
    }

    fn begin(&self, call: &'static str) -> Call<'_> {
        let provider = self.gateway.provider().as_str();
        Call { calls: &self.calls, provider, call, outcome: "abandoned", began: Instant::now() }
    }
}

/// A call under way; recorded when it ends, also when its caller stops waiting.
struct Call<'a> {
    calls: &'a Histogram<f64>,
    provider: &'static str,
    call: &'static str,
    outcome: &'static str,
    began: Instant,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let labels = [
            KeyValue::new("provider", self.provider),
            KeyValue::new("call", self.call),
            KeyValue::new("outcome", self.outcome),
        ];
        self.calls.record(self.began.elapsed().as_secs_f64(), &labels);
    }
}

impl<G: Gateway> Gateway for Measured<G> {
    fn provider(&self) -> Provider {
        self.gateway.provider()
    }

    fn reference_in_advance(&self, payment_intent_id: &str) -> Option<String> {
        self.gateway.reference_in_advance(payment_intent_id)
    }

    fn start(&self, payment: StartPayment) -> BoxFuture<'_, Result<StartedPayment, StartPaymentError>> {
        async move {
            let mut call = self.begin("start");
            let started = self.gateway.start(payment).await;
            call.outcome = match &started {
                Ok(_) => "started",
                Err(StartPaymentError::Refused { .. }) => "refused",
                Err(StartPaymentError::Unavailable { .. }) => "unavailable",
            };
            started
        }
        .boxed()
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, Asked> {
        async move {
            let mut call = self.begin("ask");
            let asked = self.gateway.ask(question).await;
            call.outcome = asked.answer.outcome();
            asked
        }
        .boxed()
    }

    fn refund(&self, request: RefundRequest) -> BoxFuture<'_, RefundReply> {
        async move {
            let mut call = self.begin("refund");
            let reply = self.gateway.refund(request).await;
            call.outcome = match &reply {
                RefundReply::Accepted => "accepted",
                RefundReply::Refused { .. } => "refused",
                RefundReply::Unknown { .. } => "unknown",
                RefundReply::NotOffered => "not_offered",
            };
            reply
        }
        .boxed()
    }
}
