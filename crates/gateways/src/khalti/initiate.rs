//! Opening a payment: our request, and what Khalti's answer means.

use domain::payments::gateway::{Redirection, StartPayment, StartPaymentError, StartedPayment};
use serde::Serialize;
use url::Url;

use super::refusal;
use crate::{http::Reply, literals::Literals};

/// A `pidx` has 22 characters; more than this is not one.
const PIDX_CHARS_MAX: usize = 128;

#[derive(Debug, Serialize)]
pub(super) struct Initiation<'a> {
    return_url: String,
    website_url: &'a str,
    /// Paisa.
    amount: i64,
    purchase_order_id: &'a str,
    purchase_order_name: &'a str,
    customer_info: CustomerInfo<'a>,
}

/// Khalti refuses fields that are there but blank.
#[derive(Debug, Serialize)]
struct CustomerInfo<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    phone: &'a str,
}

impl<'a> Initiation<'a> {
    pub(super) fn new(payment: &'a StartPayment, return_url: String, website_url: &'a Url) -> Self {
        Self {
            return_url,
            website_url: website_url.as_str(),
            amount: payment.amount_minor,
            purchase_order_id: &payment.payment_intent_id,
            purchase_order_name: &payment.display_name,
            customer_info: CustomerInfo { name: &payment.customer_name, phone: &payment.customer_phone },
        }
    }
}

/// Reads the answer. Only a refusal that Khalti spells out for this request is one; all else may pass by itself.
pub(super) fn read(reply: &Reply) -> Result<StartedPayment, StartPaymentError> {
    let body = Literals::parse(&reply.body).ok();
    let unavailable = |reason: String| StartPaymentError::Unavailable { reason };
    if reply.refuses_our_key() {
        return Err(unavailable(refusal::of_our_key(reply.status, body.as_ref())));
    }
    match (reply.status, body) {
        (200..300, Some(body)) => {
            session(&body).ok_or_else(|| unavailable("Khalti's answer has no usable session".to_owned()))
        }
        (400 | 422, Some(body)) => Err(StartPaymentError::Refused { reason: refusal::in_words(&body) }),
        (status, _) => Err(unavailable(format!("Khalti answered HTTP {status}"))),
    }
}

fn session(body: &Literals) -> Option<StartedPayment> {
    let is_pidx = |text: &String| text.len() <= PIDX_CHARS_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    let gateway_reference = body.filled("pidx").filter(is_pidx)?;
    let page = Url::parse(&body.string("payment_url")?).ok()?;
    let is_web = matches!(page.scheme(), "http" | "https");
    Some(StartedPayment {
        gateway_reference,
        redirection: Redirection::Link { url: is_web.then(|| page.to_string())? },
        expires_in_seconds: body.text("expires_in").and_then(|seconds| seconds.parse().ok()),
    })
}
