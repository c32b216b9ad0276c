//! Giving money back: our request, and what Khalti's answer means.

use domain::payments::gateway::{RefundReply, RefundRequest};
use serde::Serialize;
use url::Url;

use super::refusal;
use crate::{http::Reply, literals::Literals};

/// The body of a refund. A full one to a wallet has none at all.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct RefundBody<'a> {
    /// The payer's number, for payments made through a bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile: Option<&'a str>,
    /// Paisa; absent for everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
}

impl<'a> RefundBody<'a> {
    pub(super) fn of(request: &'a RefundRequest) -> Option<Self> {
        let body = Self { mobile: request.mobile.as_deref(), amount: request.amount_minor };
        (body.mobile.is_some() || body.amount.is_some()).then_some(body)
    }
}

/// `{refund_url}{transaction_id}/refund/`, or `None` where the id could lead anywhere else.
pub(super) fn url(refund_url: &Url, transaction_id: &str) -> Option<Url> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if transaction_id.is_empty() || !transaction_id.bytes().all(is_plain) {
        return None;
    }
    refund_url.join(&format!("{transaction_id}/refund/")).ok()
}

/// Reads the answer. Whatever is not plainly a yes or a no may have moved money, and is settled by lookup.
pub(super) fn read(reply: &Reply) -> RefundReply {
    match (reply.status, Literals::parse(&reply.body).ok()) {
        (200..300, Some(_)) => RefundReply::Accepted,
        (401, body) => RefundReply::Refused { reason: refusal::of_our_key(reply.status, body.as_ref()) },
        // A time-out or a conflict can stand for a refund that is under way.
        (408 | 409, _) => RefundReply::Unknown { reason: format!("Khalti answered HTTP {}", reply.status) },
        (400..500, Some(body)) => RefundReply::Refused { reason: refusal::in_words(&body) },
        (status, _) => RefundReply::Unknown { reason: format!("Khalti answered HTTP {status}") },
    }
}
