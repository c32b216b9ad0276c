//! Callbacks: what browsers and relays bring back from a gateway.
//!
//! A callback is a hint. It is stored with a verdict on it and starts a question; whatever it claims, only the
//! gateway's answer changes anything.

mod raw_payload;
mod receive;
mod span;
mod storing_limit;

use super::{IntentUnderQuestion, gateway::Provider};

pub use raw_payload::{RAW_PAYLOAD_BYTES_MAX, RawPayload};
pub use receive::{QuestionOutcome, ReceiveError, Received, Reception, receive};
pub use storing_limit::StoringLimit;

/// How a callback came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackKind {
    /// The gateway's redirect after a payment, or for Khalti after anything.
    Return,
    /// eSewa's redirect for everything but success.
    FailureReturn,
    /// A notification from server to server.
    Webhook,
}

impl CallbackKind {
    /// The word in `payment_callbacks.kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::FailureReturn => "failure_return",
            Self::Webhook => "webhook",
        }
    }
}

/// What a callback says about its intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Our own id.
    Intent(String),
    /// The gateway's handle.
    Reference(String),
}

/// A callback as it came.
#[derive(Debug, Clone)]
pub struct Callback {
    pub provider: Provider,
    pub kind: CallbackKind,
    pub named: Named,
    pub raw_payload: RawPayload,
}

/// What a callback is worth, compared with the stored intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Well-formed, and about this intent.
    Accepted,
    /// Parameters are missing; nothing contradicts.
    Incomplete,
    /// Garbage, tampered with, or about another payment.
    Invalid { reason: String },
}

impl Verdict {
    /// The word in `payment_callbacks.verdict`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Incomplete => "incomplete",
            Self::Invalid { .. } => "invalid",
        }
    }
}

/// Reads a callback against the intent it names: signature and comparison only, nothing that waits.
pub type Judge = Box<dyn FnOnce(&IntentUnderQuestion) -> Verdict + Send>;
