//! The words of an intent's life, as SQL has them.

/// A word in a column that this build does not know: the schema is newer, or somebody wrote by hand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a known {what}")]
pub struct UnknownWord {
    pub what: &'static str,
    pub word: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every word, in the order of the schema's CHECK.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word in SQL.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::payments::status::UnknownWord;

            fn from_str(word: &str) -> Result<Self, $crate::payments::status::UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::payments::status::UnknownWord { what: $what, word: word.to_owned() }),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where a payment intent stands.
    IntentStatus, "payment intent status" {
        /// Made; the gateway has no session for it yet.
        Created = "created",
        /// The shopper can pay.
        AwaitingPayment = "awaiting_payment",
        /// Its time passed unpaid; money may still come.
        Expired = "expired",
        /// A newer intent of the cart, or the cart's order, took its place; money may still come.
        Superseded = "superseded",
        /// The gateway says unpaid, or an operator dismissed it.
        Failed = "failed",
        /// Paid; its order is being made.
        Verified = "verified",
        /// It is an order.
        Completed = "completed",
        /// Money is on its way back.
        Refunding = "refunding",
        /// Money is back.
        Refunded = "refunded",
        /// A person must decide.
        UnderReview = "under_review",
    }
}

words! {
    /// What became of an intent's stock.
    Reservation, "reservation" {
        Held = "held",
        Settled = "settled",
        Released = "released",
    }
}

words! {
    /// Why a person must look.
    CaseKind, "review case kind" {
        AmountMismatch = "amount_mismatch",
        PartialRefund = "partial_refund",
        UnknownStatus = "unknown_status",
        TransactionReused = "transaction_reused",
        SecondPayment = "second_payment",
        LatePayment = "late_payment",
        RefundFailed = "refund_failed",
        Undecided = "undecided",
        Reversed = "reversed",
        JobFailed = "job_failed",
    }
}

impl IntentStatus {
    /// Whether an intent of this status may hold stock.
    pub const fn may_hold_stock(self) -> bool {
        matches!(self, Self::Created | Self::AwaitingPayment | Self::Verified)
    }
}

impl Reservation {
    /// The reservation after a move: a status that may not hold stock releases what was held.
    pub const fn after_move_to(self, status: IntentStatus) -> Self {
        match self {
            Self::Held if !status.may_hold_stock() => Self::Released,
            Self::Held | Self::Settled | Self::Released => self,
        }
    }
}
