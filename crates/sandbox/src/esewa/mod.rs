//! eSewa ePay v2: a signed form, a signed return, an unsigned status API.

mod form;
mod redirect;
mod signature;
mod status;

pub(crate) use form::submit_form;
pub(crate) use redirect::paid_return;
pub(crate) use status::transaction_status;

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::faults::Answer;

/// The body of every refusal but a wrong signature's.
fn refusal(status: StatusCode, message: &str) -> Answer {
    json_answer(status, &json!({ "error_message": message, "code": 0 }))
}

fn unknown_merchant() -> Answer {
    refusal(StatusCode::BAD_REQUEST, "Unable to fetch merchant key. Please try again later.")
}

/// eSewa reports its own outages with 200.
fn unavailable() -> Answer {
    refusal(StatusCode::OK, "Service is currently unavailable")
}

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    Answer { status, body: body.to_string() }
}
