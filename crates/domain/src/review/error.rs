use schema::{FromSchema, queries::reservations::ShortLine};

use crate::{
    operators::Unaccountable,
    payments::{
        gateway::{Provider, UnknownProvider},
        status::{IntentStatus, UnknownWord},
    },
};

/// Why a case was not resolved so; nothing was changed. Each names the law that it would have broken.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error("there is no intent {0}")]
    UnknownIntent(String),
    #[error("{0}")]
    Unusable(&'static str),
    #[error("there is no review case to resolve: the intent is {}", .0.as_str())]
    NoOpenCase(IntentStatus),
    #[error("a decision is about the case that was looked at: the payment has a newer one, case {newest_id}")]
    AnotherCase { newest_id: i64 },
    #[error("a case is resolved once: {resolved_by} resolved it as {resolution}")]
    ResolvedBefore { resolution: String, resolved_by: String },
    #[error(
        "only the gateway's answer to our own question proves a payment, and it has shown none for this intent"
    )]
    NotPaid,
    #[error("an order is paid in full: {paid_minor} paisa were paid of {amount_minor} NPR paisa")]
    NotPaidInFull { paid_minor: i64, amount_minor: i64 },
    #[error("money that went back becomes no order: the gateway or the books say that some of it did")]
    HasGoneBack,
    #[error(
        "a refund is of one gateway transaction, and this intent has {0}: settle it in the gateway's portal, then dismiss"
    )]
    SeveralTransactions(i64),
    #[error("a cart round becomes one order, and this one has its order: refund the payment instead")]
    RoundHasAnOrder,
    #[error("stock is never negative: {}", in_words(.0))]
    StockIsShort(Vec<ShortLine>),
    #[error("this payment has become an order: refund it, or fulfil the case")]
    HasAnOrder,
    #[error("a refund is under way; a payment has one outcome")]
    RefundUnderWay,
    #[error("{0} has no refund call: refund in its portal, then resolve as refunded-by-hand")]
    GatewayHasNoRefundCall(Provider),
    #[error("refunds never exceed what was paid: {left_minor} paisa are left")]
    MoreThanWasPaid { left_minor: i64 },
    #[error("a portal reference is recorded once: it stands for {amount_minor} paisa of {payment_intent_id}")]
    PortalReferenceUsed { payment_intent_id: String, amount_minor: i64 },
    #[error("an intent that is {} can not be resolved so", .0.as_str())]
    StatusForbids(IntentStatus),
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    #[error(transparent)]
    UnknownProvider(#[from] UnknownProvider),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

fn in_words(lines: &[ShortLine]) -> String {
    let line =
        |line: &ShortLine| format!("{} wants {}, {} are available", line.sku, line.wanted, line.available);
    lines.iter().map(line).collect::<Vec<_>>().join("; ")
}

impl From<Unaccountable> for ResolveError {
    fn from(Unaccountable(what): Unaccountable) -> Self {
        Self::Unusable(what)
    }
}

impl FromSchema for ResolveError {
    fn schema_error(&self) -> Option<&schema::Error> {
        if let Self::Schema(error) = self { Some(error) } else { None }
    }
}
