use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde_json::{Value, json};

use super::{authorization::check_key, field_refusal, json_answer, malformed_json, validation::integer};
use crate::{
    clock,
    faults::{self, Answer, Fault},
    modes::{Mode, ModeSet},
    payment::{Payment, RefundedThrough},
    provider::Provider,
    state::State,
};

/// `POST …/merchant-transaction/{transaction_id}/refund/`, under each of the three prefixes in use.
pub(crate) async fn refund(
    state: web::Data<State>,
    transaction_id: web::Path<String>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (answer, modes) = match refunded(&state, &transaction_id, &request, &body) {
        Ok(answered) => answered,
        Err(refused) => (refused, ModeSet::default()),
    };
    let times_out = modes.has(Mode::RefundTimesOutDone) || modes.has(Mode::RefundTimesOutUndone);
    let fault = if times_out {
        Some(Fault::Dropped)
    } else {
        modes.has(Mode::RefundServerError).then_some(Fault::ServerError)
    };
    let silence = if times_out { modes.slow() } else { Duration::ZERO };
    faults::send(answer, fault, silence).await
}

/// Gives the money back unless a rule or a mode forbids it; a refusal changes nothing.
fn refunded(
    state: &State,
    transaction_id: &str,
    request: &HttpRequest,
    body: &[u8],
) -> Result<(Answer, ModeSet), Answer> {
    check_key(&state.settings, request)?;
    let asked = asked(body)?;
    let mut ledger = state.ledger();
    let payment = ledger.find_by_transaction(Provider::Khalti, transaction_id).ok_or_else(|| {
        json_answer(
            StatusCode::NOT_FOUND,
            &json!({ "detail": "Not found.", "error_key": "validation_error" }),
        )
    })?;
    let modes = payment.modes.clone();
    let amount_minor = checked_amount(payment, &asked, &modes)?;
    let unmade = [Mode::RefundTimesOutUndone, Mode::RefundClaimedUndone, Mode::RefundServerError];
    if !unmade.into_iter().any(|mode| modes.has(mode)) {
        payment.record_refund(amount_minor, RefundedThrough::Api, clock::now());
    }
    Ok((json_answer(StatusCode::OK, &json!({ "detail": "Transaction refund successful." })), modes))
}

/// What the merchant sent: an empty body asks for everything.
struct Asked {
    amount_minor: Option<i64>,
    names_mobile: bool,
}

fn asked(body: &[u8]) -> Result<Asked, Answer> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Asked { amount_minor: None, names_mobile: false });
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        tracing::debug!(%error, "refund is not JSON");
        malformed_json()
    })?;
    let amount_minor = match body.get("amount") {
        None | Some(Value::Null) => None,
        Some(value) => {
            Some(integer(value).ok_or_else(|| field_refusal("amount", "A valid integer is required."))?)
        }
    };
    let names_mobile =
        body.get("mobile").and_then(Value::as_str).is_some_and(|mobile| !mobile.trim().is_empty());
    Ok(Asked { amount_minor, names_mobile })
}

fn checked_amount(payment: &Payment, asked: &Asked, modes: &ModeSet) -> Result<i64, Answer> {
    if modes.has(Mode::RefundRefused) {
        return Err(refusal("Transaction can not be refunded."));
    }
    if modes.has(Mode::PaidByBank) && !asked.names_mobile {
        return Err(field_refusal("mobile", "This field is required."));
    }
    let refundable_minor = payment.refundable_minor();
    if refundable_minor == 0 {
        return Err(refusal("Transaction has already been refunded."));
    }
    let amount_minor = asked.amount_minor.unwrap_or(refundable_minor);
    if amount_minor < 1 {
        return Err(field_refusal("amount", "Ensure this value is greater than or equal to 1."));
    }
    if amount_minor > refundable_minor {
        return Err(field_refusal("amount", "Refund amount is greater than the refundable amount."));
    }
    Ok(amount_minor)
}

fn refusal(detail: &str) -> Answer {
    json_answer(StatusCode::BAD_REQUEST, &json!({ "detail": detail, "error_key": "validation_error" }))
}
