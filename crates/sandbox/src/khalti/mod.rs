//! Khalti ePayment (KPG-2): keyed server-to-server calls, an unsigned return, lookup as the truth.

mod authorization;
mod initiate;
mod lookup;
mod redirect;
mod refund;
mod validation;

pub(crate) use initiate::initiate;
pub(crate) use lookup::lookup;
pub(crate) use redirect::{paid_return, unpaid_return};
pub(crate) use refund::refund;

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::faults::Answer;

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    Answer { status, body: body.to_string() }
}

/// The refusal of one field, as Khalti words it.
fn field_refusal(field: &str, message: &str) -> Answer {
    json_answer(StatusCode::BAD_REQUEST, &json!({ field: [message], "error_key": "validation_error" }))
}

fn malformed_json() -> Answer {
    json_answer(
        StatusCode::BAD_REQUEST,
        &json!({ "detail": "JSON parse error.", "error_key": "parse_error" }),
    )
}
