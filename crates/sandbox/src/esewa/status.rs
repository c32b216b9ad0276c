use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{redirect::OTHER_PRODUCT_CODE, refusal, unavailable, unknown_merchant};
use crate::{
    amount::{paisa_from_rupee_text, rupee_text, shortest_rupee_text},
    clock,
    faults::{self, Answer, Fault},
    ledger::Ledger,
    modes::{Mode, ModeSet},
    payment::{Payment, Status},
    provider::Provider,
    state::State,
};

const UNKNOWN_WORD: &str = "ON_HOLD";
const WRONG_BY_MINOR: i64 = 100;

#[derive(Deserialize)]
pub(crate) struct Question {
    #[serde(default)]
    product_code: String,
    #[serde(default)]
    total_amount: String,
    #[serde(default)]
    transaction_uuid: String,
}

#[derive(Serialize)]
struct StatusBody {
    product_code: String,
    transaction_uuid: String,
    total_amount: Box<RawValue>,
    status: String,
    ref_id: Option<String>,
}

/// The shape that older integrations know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CamelCaseStatusBody {
    pid: String,
    scd: String,
    total_amount: Box<RawValue>,
    status: String,
    ref_id: Option<String>,
}

/// `GET /esewa/api/epay/transaction/status/`: what became of a payment; needs no key.
pub(crate) async fn transaction_status(
    state: web::Data<State>,
    question: web::Query<Question>,
) -> Result<HttpResponse, actix_web::Error> {
    let (answer, modes) = answer(&state, &question)?;
    let silence = if modes.has(Mode::AnswerSlow) { modes.slow() } else { Duration::ZERO };
    Ok(faults::send(answer, Fault::of_answer(&modes), silence).await)
}

fn answer(state: &State, question: &Question) -> serde_json::Result<(Answer, ModeSet)> {
    if question.product_code != state.settings.esewa_product_code {
        return Ok((unknown_merchant(), ModeSet::default()));
    }
    let Some(asked_minor) = paisa_from_rupee_text(&question.total_amount) else {
        return Ok((refusal(StatusCode::BAD_REQUEST, "total_amount is not an amount."), ModeSet::default()));
    };
    let mut ledger = state.ledger();
    let found = ledger.find(Provider::Esewa, &question.transaction_uuid, clock::now()).map(|payment| {
        payment.questions = payment.questions.saturating_add(1);
        payment.clone()
    });
    let modes = match &found {
        Some(payment) => payment.modes.for_question(payment.questions),
        None => ledger.modes_of(Provider::Esewa, &question.transaction_uuid, None),
    };
    if modes.has(Mode::SaysUnavailable) {
        return Ok((unavailable(), modes));
    }
    let known = found
        .filter(|payment| payment.request.amount_minor == asked_minor || modes.has(Mode::AcceptsAnyAmount));
    let body = match known {
        Some(payment) => known_body(state, &ledger, &payment, &modes)?,
        None => StatusBody {
            product_code: question.product_code.clone(),
            transaction_uuid: question.transaction_uuid.clone(),
            total_amount: RawValue::from_string(rupee_text(asked_minor))?,
            status: "NOT_FOUND".to_owned(),
            ref_id: None,
        },
    };
    Ok((shaped(body, &modes)?, modes))
}

fn known_body(
    state: &State,
    ledger: &Ledger,
    payment: &Payment,
    modes: &ModeSet,
) -> serde_json::Result<StatusBody> {
    let (status, named) = told_status(payment.status, modes);
    let mut ref_id = payment.transaction_id.clone().filter(|_| named);
    if modes.has(Mode::ReusedTransactionId) && named {
        ref_id = ledger.another_paid(payment).and_then(|other| other.transaction_id.clone()).or(ref_id);
    }
    if modes.has(Mode::AnswerWithoutTransactionId) {
        ref_id = None;
    }
    let amount_minor = if modes.has(Mode::AnswerWrongAmount) {
        modes.answer_amount_minor.unwrap_or(payment.request.amount_minor - WRONG_BY_MINOR)
    } else {
        payment.request.amount_minor
    };
    let literal = if modes.has(Mode::WholeRupeeAnswer) {
        shortest_rupee_text(amount_minor)
    } else {
        rupee_text(amount_minor)
    };
    let mut transaction_uuid = payment.request.reference.clone();
    if modes.has(Mode::AnswerWrongReference) {
        transaction_uuid.push_str("-other");
    }
    let product_code = if modes.has(Mode::OtherMerchant) {
        OTHER_PRODUCT_CODE.to_owned()
    } else {
        state.settings.esewa_product_code.clone()
    };
    Ok(StatusBody {
        product_code,
        transaction_uuid,
        total_amount: RawValue::from_string(literal)?,
        status,
        ref_id,
    })
}

/// eSewa's word, and whether it comes with a `ref_id`.
fn told_status(status: Status, modes: &ModeSet) -> (String, bool) {
    let (word, named) = if modes.has(Mode::SaysUnknownWord) {
        (modes.status_word.as_deref().unwrap_or(UNKNOWN_WORD), true)
    } else if modes.has(Mode::SaysPending) {
        ("PENDING", false)
    } else if modes.has(Mode::SaysNotFound) {
        ("NOT_FOUND", false)
    } else if modes.has(Mode::SaysAmbiguous) {
        ("AMBIGUOUS", true)
    } else {
        match status {
            Status::Initiated | Status::Pending => ("PENDING", false),
            Status::Ambiguous => ("AMBIGUOUS", true),
            Status::Paid => ("COMPLETE", true),
            Status::Cancelled | Status::Failed | Status::Reversed => ("CANCELED", true),
            Status::Expired => ("NOT_FOUND", false),
            Status::Refunded => ("FULL_REFUND", true),
            Status::PartiallyRefunded => ("PARTIAL_REFUND", true),
        }
    };
    (word.to_owned(), named)
}

fn shaped(body: StatusBody, modes: &ModeSet) -> serde_json::Result<Answer> {
    if !modes.has(Mode::CamelCaseAnswer) {
        return Answer::new(StatusCode::OK, &body);
    }
    let StatusBody { product_code, transaction_uuid, total_amount, status, ref_id } = body;
    let body = CamelCaseStatusBody { pid: transaction_uuid, scd: product_code, total_amount, status, ref_id };
    Answer::new(StatusCode::OK, &body)
}
