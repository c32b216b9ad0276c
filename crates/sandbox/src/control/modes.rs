use actix_web::{HttpResponse, http::StatusCode, web};
use serde_json::{Value, json};

use super::refused;
use crate::{
    actions::Action,
    modes::{Mode, ModeSet},
    provider::Provider,
    state::State,
};

/// `GET /control/modes`: everything the sandbox can be told to do, read from the enums that do it.
pub(crate) async fn list_modes() -> HttpResponse {
    let modes: Vec<Value> = Mode::ALL
        .iter()
        .map(|mode| json!({ "name": mode.word(), "providers": mode.providers(), "description": mode.summary() }))
        .collect();
    let actions: Vec<Value> = Action::ALL
        .iter()
        .map(|action| {
            json!({ "name": action.word(), "providers": action.providers(), "description": action.summary() })
        })
        .collect();
    HttpResponse::Ok().json(json!({ "modes": modes, "actions": actions }))
}

/// `GET /control/defaults`
pub(crate) async fn default_modes(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(state.ledger().defaults())
}

/// `PUT /control/defaults`: the modes of payments that do not exist yet, each for the providers it fits.
pub(crate) async fn set_default_modes(state: web::Data<State>, modes: web::Json<ModeSet>) -> HttpResponse {
    if let Err(error) = modes.check_bounds() {
        return refused(StatusCode::BAD_REQUEST, &error.to_string());
    }
    state.ledger().set_defaults(modes.clone());
    HttpResponse::Ok().json(modes)
}

/// `PUT /control/payments/{provider}/{reference}/modes`: replaces the modes of one payment, which need not
/// exist yet; a Khalti payment may be named by its purchase order.
pub(crate) async fn set_payment_modes(
    state: web::Data<State>,
    path: web::Path<(Provider, String)>,
    modes: web::Json<ModeSet>,
) -> HttpResponse {
    let (provider, key) = path.into_inner();
    if let Err(error) = modes.check_for(provider) {
        return refused(StatusCode::BAD_REQUEST, &error.to_string());
    }
    match state.ledger().set_modes(provider, &key, &modes) {
        Ok(existing) => HttpResponse::Ok().json(json!({ "existing_payments": existing })),
        Err(full) => refused(StatusCode::SERVICE_UNAVAILABLE, &full.to_string()),
    }
}
