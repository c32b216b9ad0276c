//! What happens to every request between its span and its route.

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, HttpMessage,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use futures_util::FutureExt;

use super::{
    Code, Problem, RequestId,
    metrics::{self, method_label},
    problem::PROBLEM_JSON,
    request_id::X_REQUEST_ID,
    root_span::route_template,
};
use crate::health;

/// Sent unless the route decided otherwise. Pages bring a policy of their own for scripts and styles.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];
const POLICY_OF_DATA: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const POLICY_OF_PAGES: HeaderValue =
    HeaderValue::from_static("base-uri 'none'; object-src 'none'; frame-ancestors 'none'");

/// Completes refusals to problems with a request id, adds headers, counts, and logs the one line a request gets.
pub(crate) async fn boundary<B>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error>
where
    B: MessageBody + 'static,
{
    let started = Instant::now();
    let method = method_label(request.method());
    let route = route_template(&request);
    let request_id =
        request.extensions().get::<RequestId>().cloned().unwrap_or_else(|| RequestId::of(&request));
    let outcome = next.call(request).await.map(|response| completed(response, &request_id));
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    log(&route, status, started, cause_of(&outcome));
    metrics::record(method, route, status, started.elapsed());
    outcome.map_err(|error| match error.as_error::<Problem>() {
        Some(problem) => problem.clone().with_request_id(request_id.as_str()).into(),
        None => error,
    })
}

/// Turns a panic into the answer every other failure of ours gets. The panic hook has logged it.
pub(crate) async fn catch_panic<B>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error>
where
    B: MessageBody + 'static,
{
    // Nothing of the request outlives the unwinding but what its own types keep consistent.
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(_panic) => Err(Problem::internal("the handler panicked").into()),
    }
}

fn completed<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    request_id: &RequestId,
) -> ServiceResponse<BoxBody> {
    let mut response = match problem_of(&response) {
        Some(problem) => response.map_body(|head, _| {
            head.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
            BoxBody::new(problem.with_request_id(request_id.as_str()).body())
        }),
        None => response.map_into_boxed_body(),
    };
    add_headers(response.headers_mut(), request_id);
    response
}

/// The problem a handler returned, or the one that a bare refusal of the framework stands for. A refusal that brought
/// its own body (a page, a readiness report) is left alone.
fn problem_of<B: MessageBody>(response: &ServiceResponse<B>) -> Option<Problem> {
    let error = response.response().error();
    if let Some(problem) = error.and_then(|error| error.as_error::<Problem>()) {
        return Some(problem.clone());
    }
    let is_bare =
        error.is_some() || matches!(response.response().body().size(), BodySize::None | BodySize::Sized(0));
    let code = Code::for_status(response.status()).filter(|_| is_bare)?;
    Some(Problem::new(code, code.title()))
}

fn add_headers(headers: &mut HeaderMap, request_id: &RequestId) {
    let is_page =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let policy = if is_page { POLICY_OF_PAGES } else { POLICY_OF_DATA };
    let policy = (header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in SECURITY_HEADERS.into_iter().chain([policy]) {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    }
    if let Ok(value) = HeaderValue::from_str(request_id.as_str()) {
        headers.insert(X_REQUEST_ID, value);
    }
}

fn cause_of<B>(outcome: &Result<ServiceResponse<B>, Error>) -> Option<String> {
    let error = match outcome {
        Ok(response) => response.response().error()?,
        Err(error) => error,
    };
    match error.as_error::<Problem>() {
        Some(problem) => problem.cause().map(str::to_owned),
        None => Some(error.to_string()),
    }
}

/// One line a request; orchestrators' questions only where somebody asks for debug lines.
fn log(route: &str, status: StatusCode, started: Instant, cause: Option<String>) {
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    let status = status.as_u16();
    let cause = cause.as_deref();
    match status {
        500 => tracing::error!(status, duration_ms, cause, "request failed"),
        501..=599 => tracing::warn!(status, duration_ms, cause, "request could not be served"),
        _ if [health::LIVEZ, health::READYZ, health::METRICS].contains(&route) => {
            tracing::debug!(status, duration_ms, "request answered");
        }
        _ => tracing::info!(status, duration_ms, cause, "request answered"),
    }
}
