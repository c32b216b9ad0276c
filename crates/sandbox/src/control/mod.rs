//! The sandbox's own interface: what tests script and what people could do by hand.

mod modes;
mod payments;

pub(crate) use modes::{default_modes, list_modes, set_default_modes, set_payment_modes};
pub(crate) use payments::{act, payment, payments};

use actix_web::{HttpRequest, HttpResponse, error, http::StatusCode};
use serde_json::json;

use crate::{deliveries::ActionError, transitions::TransitionError};

/// Every refusal of `/control` has this body.
fn refused(status: StatusCode, error: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "error": error }))
}

/// Malformed bodies are refused in the same shape, with the parser's reason.
pub(crate) fn refuse_body(error: error::JsonPayloadError, _request: &HttpRequest) -> actix_web::Error {
    let response = refused(StatusCode::BAD_REQUEST, &error.to_string());
    error::InternalError::from_response(error, response).into()
}

/// The HTTP code of a refused action, on pages and in `/control` alike.
pub(crate) fn action_status(error: &ActionError) -> StatusCode {
    match error {
        ActionError::UnknownPayment => StatusCode::NOT_FOUND,
        ActionError::Transition(TransitionError::NotPossible { .. }) | ActionError::NoOtherPayment => {
            StatusCode::CONFLICT
        }
        ActionError::Transition(
            TransitionError::RefundOutOfRange { .. } | TransitionError::NotOffered { .. },
        ) => StatusCode::BAD_REQUEST,
        ActionError::Unwritable(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
