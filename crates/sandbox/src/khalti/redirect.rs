use url::form_urlencoded;

use crate::{
    modes::Mode,
    payment::{Payment, Status},
};

const MASKED_MOBILE: &str = "98XXXXX904";
const UNKNOWN_WORD: &str = "On hold";
const TAMPERED_BY_MINOR: i64 = 100;

/// The URL a payer who paid is sent to: nothing in it is signed.
pub(crate) fn paid_return(payment: &Payment, transaction_id: &str) -> String {
    let identifiers = [
        ("transaction_id", transaction_id),
        ("tidx", transaction_id),
        ("txnId", transaction_id),
        ("mobile", MASKED_MOBILE),
    ];
    returned(payment, &identifiers, "Completed")
}

/// The URL of every other outcome: blanks, and no `txnId`.
pub(crate) fn unpaid_return(payment: &Payment) -> String {
    let word = match payment.status {
        Status::Cancelled => "User canceled",
        Status::Failed => "Failed",
        Status::Expired => "Expired",
        Status::Initiated
        | Status::Pending
        | Status::Ambiguous
        | Status::Paid
        | Status::Reversed
        | Status::Refunded
        | Status::PartiallyRefunded => "Pending",
    };
    returned(payment, &[("transaction_id", ""), ("tidx", ""), ("mobile", "")], word)
}

fn returned(payment: &Payment, identifiers: &[(&str, &str)], word: &str) -> String {
    let modes = &payment.modes;
    let mut query = form_urlencoded::Serializer::new(String::new());
    if modes.has(Mode::RedirectBare) {
        query.append_pair("message", "Could not process the payment.");
    } else {
        let tampered_by_minor = if modes.has(Mode::RedirectTampersAmount) { TAMPERED_BY_MINOR } else { 0 };
        let amount = payment.request.amount_minor.saturating_add(tampered_by_minor).to_string();
        let word = if modes.has(Mode::RedirectUnknownWord) {
            modes.status_word.as_deref().unwrap_or(UNKNOWN_WORD)
        } else {
            word
        };
        query.append_pair("pidx", &payment.request.reference);
        query.extend_pairs(identifiers);
        query.append_pair("amount", &amount).append_pair("total_amount", &amount).append_pair("status", word);
        for (name, value) in [
            ("purchase_order_id", &payment.request.purchase_order_id),
            ("purchase_order_name", &payment.request.purchase_order_name),
        ] {
            query.append_pair(name, value.as_deref().unwrap_or_default());
        }
    }
    let mut query = query.finish();
    if !modes.has(Mode::RedirectPlusForSpace) {
        // A literal plus is spelled %2B here, so every + is a space.
        query = query.replace('+', "%20");
    }
    let url = &payment.request.success_url;
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}")
}
