//! The port to payment gateways: what the business asks, and what it understands of the answers.

use std::{fmt, str::FromStr};

use futures_util::future::BoxFuture;

/// A payment gateway this shop can take money through. The word stored in `payment_intents.provider`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    Esewa,
    Khalti,
}

impl Provider {
    /// Every provider, in the order pages list them.
    pub const ALL: [Self; 2] = [Self::Esewa, Self::Khalti];

    /// The word used in SQL, URLs and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Esewa => "esewa",
            Self::Khalti => "khalti",
        }
    }

    /// Whether the gateway can be asked to give money back; where it cannot, a person refunds in its portal.
    pub const fn has_refund_call(self) -> bool {
        match self {
            Self::Esewa => false,
            Self::Khalti => true,
        }
    }

    /// The smallest amount the gateway accepts, in paisa.
    pub const fn amount_minor_min(self) -> i64 {
        match self {
            Self::Esewa => 100,
            Self::Khalti => 1000,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no gateway we know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a payment provider; known are esewa and khalti")]
pub struct UnknownProvider(pub String);

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|p| p.as_str() == word).ok_or_else(|| UnknownProvider(word.to_owned()))
    }
}

/// What the gateway needs to know to start a payment.
#[derive(Debug, Clone)]
pub struct StartPayment {
    pub payment_intent_id: String,
    pub subtotal_minor: i64,
    pub discount_minor: i64,
    pub shipping_minor: i64,
    pub tax_minor: i64,
    /// What the shopper pays: subtotal − discount + shipping + tax.
    pub amount_minor: i64,
    /// Shown on the gateway's own page.
    pub display_name: String,
    pub customer_name: String,
    pub customer_phone: String,
}

/// How the shopper's browser gets to the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirection {
    /// An auto-submitted form; fields in the order the gateway documents.
    Form { url: String, fields: Vec<(String, String)> },
    /// A plain link.
    Link { url: String },
}

/// A payment that the gateway is ready to take.
#[derive(Debug, Clone)]
pub struct StartedPayment {
    /// The handle under which the gateway answers questions; unique per provider.
    pub gateway_reference: String,
    pub redirection: Redirection,
    /// Seconds the gateway keeps its page open, where it says so.
    pub expires_in_seconds: Option<i64>,
}

/// The gateway did not start the payment.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StartPaymentError {
    /// It refused this payment; asking again with the same data is useless.
    #[error("the gateway refused the payment: {reason}")]
    Refused { reason: String },
    /// Nobody knows: time-out, outage, an answer that is not one.
    #[error("the gateway is unavailable: {reason}")]
    Unavailable { reason: String },
}

/// One question about one payment: our reference and our amount, never the callback's.
#[derive(Debug, Clone)]
pub struct Question {
    pub payment_intent_id: String,
    pub gateway_reference: String,
    pub amount_minor: i64,
}

/// What the gateway's answer means. Amounts and ids are the gateway's own claims, still to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// eSewa `COMPLETE`, Khalti `Completed`.
    Paid { transaction_id: Option<String>, amount_minor: i64, reference: String },
    /// Known words for "not decided yet": `PENDING`, `AMBIGUOUS`, `Pending`, `Initiated`.
    Undecided { word: String },
    /// Final and unpaid: `CANCELED`, `Expired`, `User canceled`, `Failed`, `Canceled`.
    Unpaid { word: String },
    /// eSewa's `NOT_FOUND`: unpaid only after a grace and a second answer.
    NotFound,
    /// The whole amount went back to the payer.
    Refunded { transaction_id: Option<String>, amount_minor: i64 },
    /// Part of it did; gateways do not say how much.
    PartiallyRefunded { transaction_id: Option<String>, amount_minor: i64 },
    /// A status word that nobody documented.
    UnheardOf { word: String },
    /// No answer: outage, time-out, 4xx or 5xx without a status, not JSON, somebody else's reference.
    Unknown { reason: String },
}

impl Answer {
    /// A stable word for metrics, logs and `payment_intent_events`.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Paid { .. } => "paid",
            Self::Undecided { .. } => "undecided",
            Self::Unpaid { .. } => "unpaid",
            Self::NotFound => "not_found",
            Self::Refunded { .. } => "refunded",
            Self::PartiallyRefunded { .. } => "partially_refunded",
            Self::UnheardOf { .. } => "unheard_of",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// An answer with the evidence it was read from.
#[derive(Debug, Clone)]
pub struct Asked {
    pub answer: Answer,
    /// The body as received where it was JSON, else `{"text": …}` capped; never a key or a phone number.
    pub raw_response: serde_json::Value,
}

/// Asks the gateway to give money back. The caller looks up before and after.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    pub transaction_id: String,
    /// `None` gives back everything.
    pub amount_minor: Option<i64>,
    /// Khalti needs the payer's number for payments made through a bank.
    pub mobile: Option<String>,
}

/// What came of a refund call. Only a later lookup proves that money moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundReply {
    /// The gateway says it has refunded.
    Accepted,
    /// The gateway says it will not.
    Refused { reason: String },
    /// Time-out or unreadable: settled by lookup, never by sending again.
    Unknown { reason: String },
    /// This gateway has no refund call; a person refunds in its portal.
    NotOffered,
}

/// One gateway, configured. Implementations speak HTTP and hold no database connection.
pub trait Gateway: Send + Sync + fmt::Debug {
    fn provider(&self) -> Provider;

    /// The handle that is known before the gateway was asked (eSewa), or `None` (Khalti).
    fn reference_in_advance(&self, payment_intent_id: &str) -> Option<String>;

    /// Makes the payment ready for the shopper's browser. eSewa answers without a network call.
    fn start(&self, payment: StartPayment) -> BoxFuture<'_, Result<StartedPayment, StartPaymentError>>;

    /// Asks for the truth. Never fails: not knowing is an answer.
    fn ask(&self, question: Question) -> BoxFuture<'_, Asked>;

    /// Asks for money back.
    fn refund(&self, request: RefundRequest) -> BoxFuture<'_, RefundReply>;
}
