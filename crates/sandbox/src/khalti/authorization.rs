use actix_web::{
    HttpRequest,
    http::{StatusCode, header},
};
use serde_json::json;

use super::json_answer;
use crate::{faults::Answer, settings::SandboxSettings};

/// Demands `Authorization: Key <secret>`; the scheme's case does not matter, as at Khalti.
pub(super) fn check_key(settings: &SandboxSettings, request: &HttpRequest) -> Result<(), Answer> {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match sent.and_then(|value| value.split_once(' ')) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("key") => {
            if key.trim() == settings.khalti_secret_key { Ok(()) } else { Err(invalid_token()) }
        }
        Some(_) | None => Err(unauthorized("Authentication credentials were not provided.")),
    }
}

pub(super) fn invalid_token() -> Answer {
    unauthorized("Invalid token.")
}

fn unauthorized(detail: &str) -> Answer {
    json_answer(StatusCode::UNAUTHORIZED, &json!({ "detail": detail, "status_code": 401 }))
}
