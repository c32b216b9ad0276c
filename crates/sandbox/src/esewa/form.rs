use std::collections::HashMap;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web,
};
use chrono::TimeDelta;
use serde_json::json;
use url::Url;

use super::{json_answer, refusal, signature, unavailable, unknown_merchant};
use crate::{
    amount::paisa_from_rupee_text, clock, faults::Answer, modes::Mode, payment::PaymentRequest,
    provider::Provider, settings::SandboxSettings, state::State,
};

/// The order in which the fields are checked for blanks.
const FIELDS: [&str; 11] = [
    "amount",
    "tax_amount",
    "product_service_charge",
    "product_delivery_charge",
    "total_amount",
    "transaction_uuid",
    "product_code",
    "success_url",
    "failure_url",
    "signed_field_names",
    "signature",
];
const SIGNED_FIELD_NAMES: &str = "total_amount,transaction_uuid,product_code";

/// `POST /esewa/api/epay/main/v2/form`: what the shopper's browser submits. Takes the browser to the
/// payment page, or answers with one of eSewa's refusals.
pub(crate) async fn submit_form(
    state: web::Data<State>,
    form: web::Form<HashMap<String, String>>,
) -> HttpResponse {
    match accept(&state, &form) {
        Ok(reference) => HttpResponse::Found()
            .insert_header((header::LOCATION, format!("{}/esewa/pay/{reference}", state.public_url)))
            .finish(),
        Err(refused) => refused.into_response(),
    }
}

fn accept(state: &State, form: &HashMap<String, String>) -> Result<String, Answer> {
    let request = checked_request(&state.settings, form)?;
    let reference = request.reference.clone();
    let mut ledger = state.ledger();
    if ledger.modes_of(Provider::Esewa, &reference, None).has(Mode::FormUnavailable) {
        return Err(unavailable());
    }
    if ledger.find(Provider::Esewa, &reference, request.created_at).is_some() {
        return Err(refusal(StatusCode::BAD_REQUEST, "Duplicate transaction UUID."));
    }
    ledger.open(request).map_err(|full| refusal(StatusCode::SERVICE_UNAVAILABLE, &full.to_string()))?;
    Ok(reference)
}

fn checked_request(
    settings: &SandboxSettings,
    form: &HashMap<String, String>,
) -> Result<PaymentRequest, Answer> {
    let bad = |message: &str| refusal(StatusCode::BAD_REQUEST, message);
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if let Some(blank) = FIELDS.iter().find(|name| field(name).trim().is_empty()) {
        return Err(bad(&format!("{blank} may not be blank.")));
    }
    if field("product_code") != settings.esewa_product_code {
        return Err(unknown_merchant());
    }
    check_signature(settings, &field)?;
    let reference = field("transaction_uuid");
    if !reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(bad("transaction_uuid may only contain letters, digits and hyphens."));
    }
    let amount_of = |name: &str| {
        paisa_from_rupee_text(field(name)).ok_or_else(|| bad(&format!("{name} is not an amount.")))
    };
    let total_minor = amount_of("total_amount")?;
    let mut sum_minor: i64 = 0;
    for name in ["amount", "tax_amount", "product_service_charge", "product_delivery_charge"] {
        sum_minor = sum_minor.saturating_add(amount_of(name)?);
    }
    if total_minor != sum_minor || total_minor == 0 {
        return Err(bad("total_amount is not the sum of the amounts."));
    }
    for name in ["success_url", "failure_url"] {
        if !Url::parse(field(name)).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(bad(&format!("{name} is not a URL.")));
        }
    }
    let now = clock::now();
    Ok(PaymentRequest {
        provider: Provider::Esewa,
        reference: reference.to_owned(),
        purchase_order_id: None,
        purchase_order_name: None,
        amount_minor: total_minor,
        success_url: field("success_url").to_owned(),
        failure_url: field("failure_url").to_owned(),
        created_at: now,
        expires_at: now + TimeDelta::seconds(i64::from(settings.esewa_session_seconds)),
    })
}

/// Signs the text as it was received; any other spelling of the same amount is another text.
fn check_signature<'a>(
    settings: &SandboxSettings,
    field: &impl Fn(&'static str) -> &'a str,
) -> Result<(), Answer> {
    let text = signature::message(&[
        ("total_amount", field("total_amount")),
        ("transaction_uuid", field("transaction_uuid")),
        ("product_code", field("product_code")),
    ]);
    let genuine = field("signed_field_names") == SIGNED_FIELD_NAMES
        && signature::verify(&settings.esewa_secret_key, &text, field("signature"));
    if genuine {
        return Ok(());
    }
    let body = json!({ "code": "ES104", "message": "Invalid payload signature." });
    Err(json_answer(StatusCode::BAD_REQUEST, &body))
}
