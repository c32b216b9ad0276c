//! What a shopper is told of a payment: one pure table, one query, one feed of changes.

mod feed;
mod get;

pub use feed::{FeedSettings, StatusFeed, TooManyWatchers, Watch};
pub use get::get;

use chrono::{DateTime, Utc};
use schema::queries::client_status::StatusFacts;
use uuid::Uuid;

/// A status as clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientStatus {
    AwaitingPayment,
    Verifying,
    Paid,
    Confirmed,
    Failed,
    Expired,
    Refunding,
    Refunded,
    UnderReview,
}

impl ClientStatus {
    /// Every status, in the order a payment may pass them.
    pub const ALL: [Self; 9] = [
        Self::AwaitingPayment,
        Self::Verifying,
        Self::Paid,
        Self::Confirmed,
        Self::Failed,
        Self::Expired,
        Self::Refunding,
        Self::Refunded,
        Self::UnderReview,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingPayment => "awaiting_payment",
            Self::Verifying => "verifying",
            Self::Paid => "paid",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
            Self::UnderReview => "under_review",
        }
    }

    /// Whether a page may stop following it. Late money can still move an expired one.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Confirmed | Self::Failed | Self::Expired | Self::Refunded => true,
            Self::AwaitingPayment | Self::Verifying | Self::Paid | Self::Refunding | Self::UnderReview => {
                false
            }
        }
    }

    /// One sentence for the shopper.
    pub const fn message(self) -> &'static str {
        match self {
            Self::AwaitingPayment => "We are waiting for your payment.",
            Self::Verifying => "We are asking the payment provider about your payment.",
            Self::Paid => "Your payment has arrived. We are making your order.",
            Self::Confirmed => "Your order is confirmed.",
            Self::Failed => "No order was made. If money left your account, tell the shop: it can be found.",
            Self::Expired => {
                "The time to pay has run out. If you paid all the same, we will find your payment."
            }
            Self::Refunding => "Your money is on its way back to you.",
            Self::Refunded => "Your money has been given back.",
            Self::UnderReview => "A person is looking at your payment. You need not pay again.",
        }
    }

    /// What the intent's own status means to its shopper. `is_being_asked`: a browser came back and the question to
    /// the gateway is still open.
    ///
    /// `None` for a word that the status table lacks.
    fn of(intent_status: &str, is_being_asked: bool) -> Option<Self> {
        let status = match intent_status {
            "awaiting_payment" | "expired" | "superseded" if is_being_asked => Self::Verifying,
            "created" | "awaiting_payment" => Self::AwaitingPayment,
            "verified" => Self::Paid,
            "completed" => Self::Confirmed,
            "failed" => Self::Failed,
            "expired" | "superseded" => Self::Expired,
            "refunding" => Self::Refunding,
            "refunded" => Self::Refunded,
            "under_review" => Self::UnderReview,
            _ => return None,
        };
        Some(status)
    }
}

/// Where a payment stands, for its shopper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentStatus {
    pub payment_intent_id: String,
    pub user_id: String,
    pub status: ClientStatus,
    pub order_id: Option<Uuid>,
    pub order_number: Option<String>,
    pub updated_at: DateTime<Utc>,
}

impl TryFrom<StatusFacts> for PaymentStatus {
    type Error = schema::Error;

    fn try_from(facts: StatusFacts) -> Result<Self, Self::Error> {
        let status = ClientStatus::of(&facts.status, facts.is_being_asked)
            .ok_or_else(|| schema::Error::Defect(format!("`{}` is no status of an intent", facts.status)))?;
        Ok(Self {
            payment_intent_id: facts.payment_intent_id,
            user_id: facts.user_id,
            status,
            order_id: facts.order_id,
            order_number: facts.order_number,
            updated_at: facts.updated_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_intent_status_means_something_to_its_shopper() {
        let table = [
            ("created", "awaiting_payment", "awaiting_payment"),
            ("awaiting_payment", "awaiting_payment", "verifying"),
            ("expired", "expired", "verifying"),
            ("superseded", "expired", "verifying"),
            ("failed", "failed", "failed"),
            ("verified", "paid", "paid"),
            ("completed", "confirmed", "confirmed"),
            ("refunding", "refunding", "refunding"),
            ("refunded", "refunded", "refunded"),
            ("under_review", "under_review", "under_review"),
        ];
        for (intent_status, quiet, asked) in table {
            assert_eq!(ClientStatus::of(intent_status, false).unwrap().as_str(), quiet, "{intent_status}");
            assert_eq!(
                ClientStatus::of(intent_status, true).unwrap().as_str(),
                asked,
                "{intent_status}, asked"
            );
        }
        assert_eq!(ClientStatus::of("paid", false), None);
    }
}
