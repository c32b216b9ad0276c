//! Refusals of use cases as problems, one exhaustive match each.

use domain::{
    cart::PutLineError,
    checkout::{CreateIntentError, ShortLine},
    client_status::TooManyWatchers,
};
use serde::Serialize;
use service_kit::http::{Code, FieldError, Problem};
use utoipa::ToSchema;

/// Until the database or a gateway is worth another try.
const RETRY_AFTER_SECONDS: u64 = 2;

/// A line of `insufficient_stock`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShortLineBody {
    variant_id: String,
    sku: String,
    wanted: i32,
    available: i32,
}

impl From<ShortLine> for ShortLineBody {
    fn from(line: ShortLine) -> Self {
        Self { variant_id: line.variant_id, sku: line.sku, wanted: line.wanted, available: line.available }
    }
}

pub(crate) fn not_found(what: &str) -> Problem {
    Problem::new(Code::NotFound, format!("There is no such {what}."))
}

pub(crate) fn field(name: &str, message: &str) -> Problem {
    Problem::validation(vec![FieldError::new(name, message)])
}

pub(crate) fn database(error: domain::Error) -> Problem {
    match error {
        domain::Error::Unavailable(_) | domain::Error::Contended(_) => {
            Problem::new(Code::ServiceUnavailable, "The shop cannot answer for a moment.")
                .retry_after(RETRY_AFTER_SECONDS)
                .because(error)
        }
        domain::Error::Refused { .. } | domain::Error::Defect(_) => Problem::internal(error),
    }
}

pub(crate) fn watch(error: TooManyWatchers) -> Problem {
    Problem::new(Code::ServiceUnavailable, "Too many streams are open; poll instead.")
        .retry_after(RETRY_AFTER_SECONDS)
        .because(error)
}

pub(crate) fn put_line(error: PutLineError) -> Problem {
    match error {
        PutLineError::InvalidQuantity => field("quantity", "must be 1 to 999"),
        PutLineError::TooManyLines => field("variant_id", "a cart has at most 100 lines"),
        PutLineError::UnknownVariant => not_found("variant"),
        PutLineError::VariantUnavailable => {
            Problem::new(Code::VariantUnavailable, "This variant is not for sale at the moment.")
        }
        PutLineError::Database(error) => database(error),
    }
}

pub(crate) fn create_intent(error: CreateIntentError) -> Problem {
    match error {
        CreateIntentError::Invalid(problems) => {
            let fields = problems.into_iter().map(|problem| FieldError::new(problem.field, problem.message));
            Problem::validation(fields.collect())
        }
        CreateIntentError::ProviderOff(provider) => {
            field("provider", &format!("this shop does not take {provider}"))
        }
        CreateIntentError::RequestInProgress { retry_after_seconds } => {
            Problem::new(Code::RequestInProgress, "The first request with this key is still being answered.")
                .retry_after(retry_after_seconds)
        }
        CreateIntentError::KeyReused => {
            Problem::new(Code::IdempotencyKeyReused, "This key was used with another body.")
        }
        CreateIntentError::CartEmpty => Problem::new(Code::CartEmpty, "There is nothing in the cart."),
        CreateIntentError::CartChanged { cart_version } => {
            Problem::new(Code::CartChanged, format!("The cart is at version {cart_version}."))
                .with("cart_version", cart_version)
        }
        CreateIntentError::VariantUnavailable { variant_ids } => {
            Problem::new(Code::VariantUnavailable, "Take what is not for sale out of the cart.")
                .with("variant_ids", variant_ids)
        }
        CreateIntentError::AmountBelowMinimum { amount_minor, amount_minor_min } => Problem::new(
            Code::AmountBelowMinimum,
            format!("{amount_minor} paisa is less than the {amount_minor_min} this gateway takes."),
        )
        .with("amount_minor", amount_minor)
        .with("minimum_minor", amount_minor_min),
        CreateIntentError::AlreadyPaid { payment_intent_id } => {
            Problem::new(Code::AlreadyPaid, "An earlier payment for this cart is becoming an order.")
                .with("payment_intent_id", payment_intent_id)
        }
        CreateIntentError::InsufficientStock(lines) => {
            let lines: Vec<ShortLineBody> = lines.into_iter().map(Into::into).collect();
            Problem::new(Code::InsufficientStock, format!("{} lines cannot be had in full.", lines.len()))
                .with("lines", lines)
        }
        CreateIntentError::GatewayUnavailable { reason } => Problem::new(
            Code::GatewayUnavailable,
            "The payment gateway does not answer. Try again with the same key.",
        )
        .retry_after(RETRY_AFTER_SECONDS)
        .because(reason),
        CreateIntentError::GatewayRefused { reason } => {
            field("provider", &format!("the gateway refused this payment: {reason}"))
        }
        CreateIntentError::Unwritable(error) => Problem::internal(error),
        CreateIntentError::Database(error) => database(error),
    }
}
