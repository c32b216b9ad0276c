//! What Khalti's redirect brings back: unsigned hints, for finding the payment and for nothing else.

use std::collections::BTreeMap;

use url::form_urlencoded;

/// The query of a redirect. Anyone can write one; a blank value counts as absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    pub pidx: Option<String>,
    /// `Completed`, `Pending`, `User canceled`, or any other word: never a reason to decide anything.
    pub status: Option<String>,
    pub transaction_id: Option<String>,
    pub purchase_order_id: Option<String>,
    /// Paisa, as text: it may be anything.
    pub amount: Option<String>,
    /// An old failure form says only this, without a `pidx`.
    pub message: Option<String>,
}

/// What our own tables say the return must be about.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub payment_intent_id: &'a str,
    pub gateway_reference: &'a str,
    pub amount_minor: i64,
}

/// The return contradicts what we know: written by somebody else, or about another payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReturnError {
    #[error("`pidx` is another payment's")]
    OtherPayment,
    #[error("`purchase_order_id` is another intent's")]
    OtherOrder,
    #[error("`amount` is not what is due")]
    OtherAmount,
}

impl Return {
    /// Reads a raw query string; a second `?` separates parameters as `&` does, and `+` is a space.
    pub fn parse(raw_query: &str) -> Self {
        Self::from_fields(form_urlencoded::parse(raw_query.replace('?', "&").as_bytes()).into_owned())
    }

    /// Takes the same fields from a notification's form or JSON. Of several with one name the last counts.
    pub fn from_fields(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fields: BTreeMap<_, _> = fields.into_iter().collect();
        let mut take = |name: &str| fields.remove(name).filter(|value| !value.trim().is_empty());
        Self {
            pidx: take("pidx"),
            status: take("status"),
            transaction_id: take("transaction_id").or_else(|| take("tidx")),
            purchase_order_id: take("purchase_order_id"),
            amount: take("amount").or_else(|| take("total_amount")),
            message: take("message"),
        }
    }

    /// Whether it says anything: one that does not is treated as a bare failure redirect.
    pub const fn is_bare(&self) -> bool {
        self.pidx.is_none() && self.status.is_none() && self.purchase_order_id.is_none()
    }

    /// Compares what is there with what is `expected`. Agreement proves nothing: the question does.
    pub fn check(&self, expected: Expected<'_>) -> Result<(), ReturnError> {
        let differs = |value: &Option<String>, due: &str| value.as_deref().is_some_and(|value| value != due);
        if differs(&self.pidx, expected.gateway_reference) {
            return Err(ReturnError::OtherPayment);
        }
        if differs(&self.purchase_order_id, expected.payment_intent_id) {
            return Err(ReturnError::OtherOrder);
        }
        if differs(&self.amount, &expected.amount_minor.to_string()) {
            return Err(ReturnError::OtherAmount);
        }
        Ok(())
    }
}
