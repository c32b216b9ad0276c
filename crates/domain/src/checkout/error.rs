use schema::FromSchema;

use super::FieldProblem;
use crate::payments::gateway::Provider;

/// A line of which less can be had than is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortLine {
    pub variant_id: String,
    pub sku: String,
    pub wanted: i32,
    /// What this shopper could have, with what an earlier intent of the same cart holds.
    pub available: i32,
}

/// Why there is no payment to make. Nothing is stored but where it says so.
#[derive(Debug, thiserror::Error)]
pub enum CreateIntentError {
    #[error("the request breaks {} rules", .0.len())]
    Invalid(Vec<FieldProblem>),
    #[error("this shop does not take {0}")]
    ProviderOff(Provider),
    #[error("the same request is being answered for another {retry_after_seconds} s at most")]
    RequestInProgress { retry_after_seconds: u64 },
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    #[error("the cart is empty")]
    CartEmpty,
    /// The cart was changed, or has just been given the catalogue's prices (which is stored).
    #[error("the cart is at version {cart_version}")]
    CartChanged { cart_version: i64 },
    #[error("not for sale: {}", variant_ids.join(", "))]
    VariantUnavailable { variant_ids: Vec<String> },
    #[error("{amount_minor} paisa is less than {amount_minor_min}")]
    AmountBelowMinimum { amount_minor: i64, amount_minor_min: i64 },
    #[error("{payment_intent_id} is paid and becoming an order")]
    AlreadyPaid { payment_intent_id: String },
    #[error("{} lines are short of stock", .0.len())]
    InsufficientStock(Vec<ShortLine>),
    /// Nobody knows why; the intent is kept, and the same key goes on with it.
    #[error("the gateway is unavailable: {reason}")]
    GatewayUnavailable { reason: String },
    /// The intent is stored as failed; the key is free.
    #[error("the gateway refused the payment: {reason}")]
    GatewayRefused { reason: String },
    #[error("the answer cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    #[error(transparent)]
    Database(#[from] schema::Error),
}

impl FromSchema for CreateIntentError {
    fn schema_error(&self) -> Option<&schema::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::Invalid(_)
            | Self::ProviderOff(_)
            | Self::RequestInProgress { .. }
            | Self::KeyReused
            | Self::CartEmpty
            | Self::CartChanged { .. }
            | Self::VariantUnavailable { .. }
            | Self::AmountBelowMinimum { .. }
            | Self::AlreadyPaid { .. }
            | Self::InsufficientStock(_)
            | Self::GatewayUnavailable { .. }
            | Self::GatewayRefused { .. }
            | Self::Unwritable(_) => None,
        }
    }
}
