use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde_json::{Value, json};

use super::{
    authorization::{check_key, invalid_token},
    field_refusal, json_answer, malformed_json,
};
use crate::{
    clock,
    faults::{self, Answer, Fault},
    identifiers::khalti_identifier,
    ledger::Ledger,
    modes::{Mode, ModeSet},
    payment::{Payment, Status},
    provider::Provider,
    state::State,
};

const UNKNOWN_WORD: &str = "On hold";
const WRONG_BY_MINOR: i64 = 100;

/// `POST /khalti/api/v2/epayment/lookup/`: what became of a payment.
pub(crate) async fn lookup(state: web::Data<State>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let (answer, modes) = match answer(&state, &request, &body) {
        Ok(answered) => answered,
        Err(refused) => (refused, ModeSet::default()),
    };
    let silence = if modes.has(Mode::AnswerSlow) { modes.slow() } else { Duration::ZERO };
    faults::send(answer, Fault::of_answer(&modes), silence).await
}

fn answer(state: &State, request: &HttpRequest, body: &[u8]) -> Result<(Answer, ModeSet), Answer> {
    check_key(&state.settings, request)?;
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        tracing::debug!(%error, "lookup is not JSON");
        malformed_json()
    })?;
    let pidx = match body.get("pidx") {
        None => return Err(field_refusal("pidx", "This field is required.")),
        Some(Value::String(pidx)) if !pidx.trim().is_empty() => pidx,
        Some(_) => return Err(field_refusal("pidx", "This field may not be blank.")),
    };
    let mut ledger = state.ledger();
    let found = ledger
        .find(Provider::Khalti, pidx, clock::now())
        .filter(|payment| payment.request.reference == *pidx);
    let found = found.map(|payment| {
        payment.questions = payment.questions.saturating_add(1);
        payment.clone()
    });
    let modes = match &found {
        Some(payment) => payment.modes.for_question(payment.questions),
        None => ledger.modes_of(Provider::Khalti, pidx, None),
    };
    if modes.has(Mode::InvalidToken) {
        return Ok((invalid_token(), modes));
    }
    let answer = match found.filter(|_| !modes.has(Mode::SaysNotFound)) {
        Some(payment) => known(&ledger, &payment, &modes),
        None => not_found(&modes),
    };
    Ok((answer, modes))
}

fn not_found(modes: &ModeSet) -> Answer {
    let body = if modes.has(Mode::NotFoundStatusCodeShape) {
        json!({ "detail": "Not found.", "status_code": 404 })
    } else {
        json!({ "detail": "Not found.", "error_key": "validation_error" })
    };
    json_answer(StatusCode::NOT_FOUND, &body)
}

/// One row of Khalti's table: its word, its HTTP code, and whether money was moved.
struct Told<'a> {
    word: &'a str,
    code: StatusCode,
    named: bool,
    refunded: bool,
}

fn known(ledger: &Ledger, payment: &Payment, modes: &ModeSet) -> Answer {
    let told = told(payment.status, modes);
    let mut transaction_id = payment.transaction_id.clone().filter(|_| told.named);
    if modes.has(Mode::ReusedTransactionId) && told.named {
        transaction_id =
            ledger.another_paid(payment).and_then(|other| other.transaction_id.clone()).or(transaction_id);
    }
    if modes.has(Mode::AnswerWithoutTransactionId) {
        transaction_id = None;
    }
    let amount_minor = if modes.has(Mode::AnswerWrongAmount) {
        modes.answer_amount_minor.unwrap_or(payment.request.amount_minor - WRONG_BY_MINOR)
    } else {
        payment.request.amount_minor
    };
    let pidx = if modes.has(Mode::AnswerWrongReference) {
        khalti_identifier()
    } else {
        payment.request.reference.clone()
    };
    let mut body = json!({
        "pidx": pidx,
        "total_amount": amount_minor,
        "status": told.word,
        "transaction_id": transaction_id,
        "fee": 0,
    });
    let observed_shape = told.code == StatusCode::BAD_REQUEST && modes.has(Mode::KhaltiErrorShape);
    if let Some(fields) = body.as_object_mut() {
        if observed_shape {
            fields.insert("error_key".to_owned(), json!("khalti_error"));
        } else {
            fields.insert("refunded".to_owned(), json!(told.refunded));
        }
    }
    json_answer(told.code, &body)
}

fn told(status: Status, modes: &ModeSet) -> Told<'_> {
    let undecided = |word| Told { word, code: StatusCode::OK, named: false, refunded: false };
    let paid = |word, refunded| Told { word, code: StatusCode::OK, named: true, refunded };
    let unpaid = |word| Told { word, code: StatusCode::BAD_REQUEST, named: false, refunded: false };
    if modes.has(Mode::SaysUnknownWord) {
        return paid(modes.status_word.as_deref().unwrap_or(UNKNOWN_WORD), false);
    }
    if modes.has(Mode::SaysPending) {
        return undecided("Pending");
    }
    if modes.has(Mode::SaysInitiated) {
        return undecided("Initiated");
    }
    match status {
        Status::Initiated => undecided("Initiated"),
        Status::Pending | Status::Ambiguous => undecided("Pending"),
        Status::Paid => paid("Completed", false),
        Status::Refunded => paid("Refunded", true),
        Status::PartiallyRefunded if modes.has(Mode::TitleCasePartialRefund) => {
            paid("Partially Refunded", false)
        }
        Status::PartiallyRefunded => paid("Partially refunded", false),
        Status::Expired => unpaid("Expired"),
        Status::Cancelled => unpaid("User canceled"),
        // Khalti names these two words without an HTTP code; its other unpaid words come with 400.
        Status::Failed => unpaid("Failed"),
        Status::Reversed => unpaid("Canceled"),
    }
}
