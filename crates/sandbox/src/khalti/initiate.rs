use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    authorization::{check_key, invalid_token},
    json_answer, malformed_json,
    validation::{Initiation, checked},
};
use crate::{
    clock,
    faults::{self, Answer, Fault},
    identifiers::khalti_identifier,
    modes::{Mode, ModeSet},
    payment::PaymentRequest,
    provider::Provider,
    state::State,
};

const LONG_LIVED_LINK_SECONDS: u32 = 3_600;
const NEPAL_OFFSET_SECONDS: i32 = 5 * 3_600 + 45 * 60;

/// `POST /khalti/api/v2/epayment/initiate/`: opens a payment; every call opens another one, also for the
/// same purchase order.
pub(crate) async fn initiate(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let (answer, modes) = match open(&state, &request, &body) {
        Ok(opened) => opened,
        Err(refused) => (refused, ModeSet::default()),
    };
    let silence = if modes.has(Mode::InitiateSlow) { modes.slow() } else { Duration::ZERO };
    let fault = [
        (Mode::InitiateServerError, Fault::ServerError),
        (Mode::InitiateDropped, Fault::Dropped),
        (Mode::InitiateHtml, Fault::Html),
    ]
    .into_iter()
    .find_map(|(mode, fault)| modes.has(mode).then_some(fault));
    faults::send(answer, fault, silence).await
}

fn open(state: &State, request: &HttpRequest, body: &[u8]) -> Result<(Answer, ModeSet), Answer> {
    check_key(&state.settings, request)?;
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        tracing::debug!(%error, "initiation is not JSON");
        malformed_json()
    })?;
    let initiation = checked(&body)?;
    let pidx = khalti_identifier();
    let mut ledger = state.ledger();
    let modes = ledger.modes_of(Provider::Khalti, &pidx, Some(&initiation.purchase_order_id));
    if modes.has(Mode::InvalidToken) {
        return Err(invalid_token());
    }
    if modes.has(Mode::InitiateRefused) {
        let body = json!({ "detail": "Fee not found.", "error_key": "validation_error" });
        return Err(json_answer(StatusCode::BAD_REQUEST, &body));
    }
    let lives_seconds = if modes.has(Mode::LongLivedLink) {
        LONG_LIVED_LINK_SECONDS
    } else {
        state.settings.khalti_link_seconds
    };
    let now = clock::now();
    let expires_at = now + TimeDelta::seconds(i64::from(lives_seconds));
    let answer = opened(state, &initiation, &pidx, (expires_at, lives_seconds));
    if !modes.has(Mode::InitiateServerError) {
        let full = ledger.open(PaymentRequest {
            provider: Provider::Khalti,
            reference: pidx,
            purchase_order_id: Some(initiation.purchase_order_id),
            purchase_order_name: Some(initiation.purchase_order_name),
            amount_minor: initiation.amount_minor,
            success_url: initiation.return_url.clone(),
            failure_url: initiation.return_url,
            created_at: now,
            expires_at,
        });
        full.map_err(|full| {
            json_answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "detail": full.to_string() }))
        })?;
    }
    Ok((answer, modes))
}

fn opened(
    state: &State,
    initiation: &Initiation,
    pidx: &str,
    (expires_at, expires_in): (DateTime<Utc>, u32),
) -> Answer {
    let mut body = initiation.merchant_fields.clone();
    body.insert("pidx".to_owned(), json!(pidx));
    body.insert("payment_url".to_owned(), json!(format!("{}/khalti/pay?pidx={pidx}", state.public_url)));
    body.insert("expires_at".to_owned(), json!(nepal_time(expires_at)));
    body.insert("expires_in".to_owned(), json!(expires_in));
    json_answer(StatusCode::OK, &Value::Object(body))
}

/// ISO 8601 with microseconds at +05:45.
fn nepal_time(time: DateTime<Utc>) -> String {
    match FixedOffset::east_opt(NEPAL_OFFSET_SECONDS) {
        Some(nepal) => time.with_timezone(&nepal).to_rfc3339_opts(SecondsFormat::Micros, false),
        None => time.to_rfc3339_opts(SecondsFormat::Micros, false),
    }
}
