use actix_cors::Cors;
use actix_web::http::header;

use super::request_id::X_REQUEST_ID;

/// Seconds a browser may remember a preflight.
const PREFLIGHT_SECONDS: usize = 600;

/// Lets scripts of exactly these origins call and read; without any, browsers keep every other origin out.
pub(crate) fn cors(allowed_origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "DELETE"])
        .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT, X_REQUEST_ID])
        .allowed_headers(["idempotency-key", "last-event-id", "traceparent", "tracestate"])
        .expose_headers([X_REQUEST_ID, header::RETRY_AFTER])
        .max_age(PREFLIGHT_SECONDS);
    allowed_origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
