//! Calls to gateways, counted and timed by what came of them.

use std::time::Instant;

use domain::payments::gateway::{
    Answer, Asked, Gateway, Provider, Question, RefundReply, RefundRequest, StartPayment, StartPaymentError,
    StartedPayment,
};
use futures_util::future::{BoxFuture, FutureExt};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use service_kit::telemetry::meter;

/// Seconds: from an answer in the same building to the longest that is waited for one.
const BOUNDARIES: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

const CALLS: [&str; 3] = ["start", "ask", "refund"];

/// Whether a gateway can be worked with: what alerts ask of a call.
#[derive(Debug, Clone, Copy)]
enum CallResult {
    /// It said something about the payment.
    Answered,
    /// It said no to the call itself.
    Refused,
    /// Nobody knows: no answer, none that can be read, or none in time.
    Unanswered,
}

impl CallResult {
    const ALL: [Self; 3] = [Self::Answered, Self::Refused, Self::Unanswered];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
        }
    }
}

/// A gateway whose calls show at `/metrics`: `gateway_call_duration_seconds` by provider, call and outcome, and
/// `gateway_calls_total` by provider, call and result, which is there before the first call.
#[derive(Debug)]
pub(crate) struct Measured<G> {
    gateway: G,
    durations: Histogram<f64>,
    calls: Counter<u64>,
}

impl<G: Gateway> Measured<G> {
    pub(crate) fn new(gateway: G) -> Self {
        let durations = meter()
            .f64_histogram("gateway_call_duration")
            .with_unit("s")
            .with_description("Calls to gateways (start, ask, refund) by what came of them.")
            .with_boundaries(BOUNDARIES.to_vec())
            .build();
        let calls = meter()
            .u64_counter("gateway_calls")
            .with_description(
                "Calls to gateways (start, ask, refund) by result: answered, refused, unanswered.",
            )
            .build();
        for call in CALLS {
            for result in CallResult::ALL {
                calls.add(0, &call_labels(gateway.provider().as_str(), call, result));
            }
        }
        Self { gateway, durations, calls }
    }

    fn begin(&self, call: &'static str) -> Call<'_> {
        let provider = self.gateway.provider().as_str();
        let (outcome, result) = ("abandoned", CallResult::Unanswered);
        Call {
            durations: &self.durations,
            calls: &self.calls,
            provider,
            call,
            outcome,
            result,
            began: Instant::now(),
        }
    }
}

/// A call under way; recorded when it ends, also when its caller stops waiting.
struct Call<'a> {
    durations: &'a Histogram<f64>,
    calls: &'a Counter<u64>,
    provider: &'static str,
    call: &'static str,
    outcome: &'static str,
    result: CallResult,
    began: Instant,
}

impl Call<'_> {
    fn ended(&mut self, (outcome, result): (&'static str, CallResult)) {
        self.outcome = outcome;
        self.result = result;
    }
}

fn call_labels(provider: &'static str, call: &'static str, result: CallResult) -> [KeyValue; 3] {
    [
        KeyValue::new("provider", provider),
        KeyValue::new("call", call),
        KeyValue::new("result", result.as_str()),
    ]
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let labels = [
            KeyValue::new("provider", self.provider),
            KeyValue::new("call", self.call),
            KeyValue::new("outcome", self.outcome),
        ];
        self.durations.record(self.began.elapsed().as_secs_f64(), &labels);
        self.calls.add(1, &call_labels(self.provider, self.call, self.result));
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
            call.ended(match &started {
                Ok(_) => ("started", CallResult::Answered),
                Err(StartPaymentError::Refused { .. }) => ("refused", CallResult::Refused),
                Err(StartPaymentError::Unavailable { .. }) => ("unavailable", CallResult::Unanswered),
            });
            started
        }
        .boxed()
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, Asked> {
        async move {
            let mut call = self.begin("ask");
            let asked = self.gateway.ask(question).await;
            let result = match &asked.answer {
                Answer::Unknown { .. } => CallResult::Unanswered,
                _ => CallResult::Answered,
            };
            call.ended((asked.answer.outcome(), result));
            asked
        }
        .boxed()
    }

    fn refund(&self, request: RefundRequest) -> BoxFuture<'_, RefundReply> {
        async move {
            let mut call = self.begin("refund");
            let reply = self.gateway.refund(request).await;
            call.ended(match &reply {
                RefundReply::Accepted => ("accepted", CallResult::Answered),
                RefundReply::Refused { .. } => ("refused", CallResult::Refused),
                RefundReply::Unknown { .. } => ("unknown", CallResult::Unanswered),
                RefundReply::NotOffered => ("not_offered", CallResult::Answered),
            });
            reply
        }
        .boxed()
    }
}
