use actix_web::{HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use serde_json::json;

use super::{action_status, refused};
use crate::{
    actions::Action,
    clock,
    deliveries::{ActionRequest, perform},
    payment::{Payment, PaymentView},
    provider::Provider,
    state::State,
};

/// `GET /control/payments`: the whole ledger, the latest payment first.
pub(crate) async fn payments(state: web::Data<State>) -> HttpResponse {
    let payments: Vec<PaymentView> = state.ledger().all(clock::now()).map(Payment::view).collect();
    HttpResponse::Ok().json(json!({ "payments": payments }))
}

/// `GET /control/payments/{provider}/{reference}`
pub(crate) async fn payment(state: web::Data<State>, path: web::Path<(Provider, String)>) -> HttpResponse {
    let (provider, key) = path.into_inner();
    match state.ledger().find(provider, &key, clock::now()) {
        Some(payment) => HttpResponse::Ok().json(payment.view()),
        None => refused(StatusCode::NOT_FOUND, "no such payment"),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionBody {
    amount_minor: Option<i64>,
}

/// `POST /control/payments/{provider}/{reference}/{action}`: plays the shopper, the portal or the gateway.
/// The body may be empty.
pub(crate) async fn act(
    state: web::Data<State>,
    path: web::Path<(Provider, String, String)>,
    body: web::Bytes,
) -> HttpResponse {
    let (provider, key, word) = path.into_inner();
    let Some(action) = Action::from_word(&word) else {
        return refused(StatusCode::NOT_FOUND, "no such action");
    };
    let body = if body.is_empty() { Ok(ActionBody::default()) } else { serde_json::from_slice(&body) };
    let ActionBody { amount_minor } = match body {
        Ok(body) => body,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match perform(&state, &ActionRequest { provider, key: &key, action, amount_minor }) {
        Ok(delivered) => HttpResponse::Ok().json(delivered),
        Err(error) => refused(action_status(&error), &error.to_string()),
    }
}
