//! An OpenID-style issuer: a discovery document, a key set, and tokens good and bad.

mod keys;
mod tokens;

pub(crate) use keys::Keys;
pub(crate) use tokens::{issue_token, operator_token};

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::{modes::Mode, state::State};

/// `GET /identity/.well-known/openid-configuration`
pub(crate) async fn discovery(state: web::Data<State>) -> HttpResponse {
    let issuer = state.issuer();
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "token_endpoint": format!("{issuer}/token"),
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
    }))
}

/// `GET /identity/.well-known/jwks.json`
pub(crate) async fn key_set(state: web::Data<State>) -> HttpResponse {
    if state.ledger().defaults().has(Mode::JwksUnavailable) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let keys = state.keys().published();
    HttpResponse::Ok().json(json!({ "keys": keys }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// Whether tokens signed before keep their key in the set.
    keep_previous: bool,
}

/// `POST /control/identity/rotate`: signs with a fresh ES256 key from here on.
pub(crate) async fn rotate(
    state: web::Data<State>,
    rotation: web::Json<Rotation>,
) -> Result<HttpResponse, actix_web::Error> {
    let mut keys = state.keys();
    keys.rotate(rotation.keep_previous).map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(json!({ "kid": keys.current_kid() })))
}
