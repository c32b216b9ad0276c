use std::collections::BTreeSet;

use actix_web::{HttpResponse, error::ErrorInternalServerError, web};
use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::keys::{Keys, SigningKey};
use crate::{
    clock,
    modes::{Mode, ModeSet},
    provider::Provider,
    state::State,
};

const TTL_SECONDS_DEFAULT: u32 = 3_600;
const EXPIRED_AGO_SECONDS: i64 = 3_600;

/// Asks for a token. There are no passwords: whoever reaches the sandbox is whoever they say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    sub: String,
    audience: String,
    role: Option<String>,
    ttl_seconds: Option<u32>,
    /// `ES256` (default) or `RS256`.
    algorithm: Option<Algorithm>,
    /// Modes `token_…`; without them, those of the defaults.
    modes: Option<BTreeSet<Mode>>,
}

/// `POST /identity/token`
pub(crate) async fn issue_token(
    state: web::Data<State>,
    request: web::Json<TokenRequest>,
) -> Result<HttpResponse, actix_web::Error> {
    let defaults = state.ledger().defaults().of(Provider::Identity);
    let modes = match &request.modes {
        Some(modes) => ModeSet { modes: modes.clone(), ..ModeSet::default() },
        None => defaults,
    };
    if let Err(error) = modes.check_for(Provider::Identity) {
        return Ok(HttpResponse::BadRequest().json(json!({ "error": error.to_string() })));
    }
    let algorithm = request.algorithm.unwrap_or(Algorithm::ES256);
    let keys = state.keys();
    let Some(key) = keys.for_algorithm(algorithm) else {
        return Ok(HttpResponse::BadRequest().json(json!({ "error": "algorithm must be ES256 or RS256" })));
    };
    let ttl_seconds = request.ttl_seconds.unwrap_or(TTL_SECONDS_DEFAULT);
    let claims = claims(&state.issuer(), &request, &modes, clock::now());
    let access_token = token(&keys, key, &claims, &modes).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().json(json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": ttl_seconds,
    })))
}

/// A token for the operator's console, as good or bad as the defaults make tokens.
pub(crate) fn operator_token(state: &State, name: &str, role: &str) -> anyhow::Result<String> {
    let request = TokenRequest {
        sub: name.to_owned(),
        audience: state.settings.operator_audience.clone(),
        role: Some(role.to_owned()),
        ttl_seconds: None,
        algorithm: None,
        modes: None,
    };
    let modes = state.ledger().defaults().of(Provider::Identity);
    let keys = state.keys();
    let key = keys.for_algorithm(Algorithm::ES256).context("there is always an ES256 key")?;
    token(&keys, key, &claims(&state.issuer(), &request, &modes, clock::now()), &modes)
}

fn claims(issuer: &str, request: &TokenRequest, modes: &ModeSet, now: DateTime<Utc>) -> Map<String, Value> {
    let ttl_seconds = i64::from(request.ttl_seconds.unwrap_or(TTL_SECONDS_DEFAULT));
    let now = now.timestamp();
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    claim("iss", json!(if modes.has(Mode::TokenWrongIssuer) { "https://issuer.invalid" } else { issuer }));
    claim(
        "aud",
        json!(if modes.has(Mode::TokenWrongAudience) { "another-audience" } else { &request.audience }),
    );
    claim("iat", json!(now));
    if let Some(role) = &request.role {
        claim("role", json!(role));
    }
    if !modes.has(Mode::TokenWithoutSubject) {
        claim("sub", json!(request.sub));
    }
    if !modes.has(Mode::TokenWithoutExpiry) {
        let expired = modes.has(Mode::TokenExpired);
        claim("exp", json!(if expired { now - EXPIRED_AGO_SECONDS } else { now + ttl_seconds }));
    }
    claims
}

fn token(
    keys: &Keys,
    key: &SigningKey,
    claims: &Map<String, Value>,
    modes: &ModeSet,
) -> anyhow::Result<String> {
    if modes.has(Mode::TokenUnsigned) {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "none", "typ": "JWT" });
        return Ok(format!("{}.{}.", part(&header), part(&Value::Object(claims.clone()))));
    }
    let mut header = Header::new(key.algorithm);
    header.kid = Some(key.kid.clone());
    if modes.has(Mode::TokenHs256) {
        let public = keys.for_algorithm(Algorithm::ES256).context("there is always an ES256 key")?;
        header.alg = Algorithm::HS256;
        return signed(&header, claims, &EncodingKey::from_secret(public.public_pem.as_bytes()));
    }
    if modes.has(Mode::TokenForeignKey) || modes.has(Mode::TokenUnknownKid) {
        let stranger = SigningKey::generate()?;
        header.alg = stranger.algorithm;
        if modes.has(Mode::TokenUnknownKid) {
            header.kid = Some(stranger.kid.clone());
        }
        return signed(&header, claims, &stranger.private);
    }
    signed(&header, claims, &key.private)
}

fn signed(header: &Header, claims: &Map<String, Value>, key: &EncodingKey) -> anyhow::Result<String> {
    encode(header, claims, key).context("a token must be writable")
}
