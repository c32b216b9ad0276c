//! How soon payments are verified, in every service that asks gateways.

use std::time::Duration;

use domain::payments::{HeardBy, VerifiedAfter};
use opentelemetry::KeyValue;
use service_kit::telemetry::{PromiseFigures, Promised};

/// A payment that was heard of is verified within this time while its gateway answers.
const VERIFIED_WITHIN: Duration = Duration::from_secs(300);
/// Seconds: from an answer in the same building to the first day.
const BOUNDARIES: [f64; 10] = [0.1, 0.25, 0.5, 1.0, 3.0, 15.0, 60.0, 1800.0, 7200.0, 86_400.0];

/// `payment_to_verified_seconds` by what the payment was heard by, and `verification_promises_total` for those whose
/// browser came back: of the others nobody knows when they were paid, only since when they were not.
#[derive(Debug, Clone)]
pub struct VerificationFigures(PromiseFigures);

impl Default for VerificationFigures {
    fn default() -> Self {
        Self(PromiseFigures::new(Promised {
            name: "payment_to_verified",
            counter: "verification_promises",
            description: "From the first callback of a payment, or else from the last answer that it was not paid, \
                          to its verification.",
            limit: VERIFIED_WITHIN,
            boundaries: &BOUNDARIES,
        }))
    }
}

impl VerificationFigures {
    /// A payment was verified.
    pub fn verified(&self, after: VerifiedAfter) {
        let label = |word| [KeyValue::new("heard_by", word)];
        match after.heard_by {
            HeardBy::Callback { gateway_failed } => {
                self.0.record(after.waited, gateway_failed, &label("callback"));
            }
            HeardBy::Question => self.0.record_unpromised(after.waited, &label("question")),
        }
    }
}
