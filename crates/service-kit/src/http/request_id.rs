use std::{
    fmt,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::{Payload, ServiceRequest},
    http::header::HeaderName,
};
use uuid::Uuid;

use super::Problem;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Long enough for every id format in use, short enough for a log line.
const LENGTH_MAX: usize = 64;

/// Names one request in logs, problems and the `X-Request-Id` header: the caller's own where it is sane, else ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn of(request: &ServiceRequest) -> Self {
        let offered = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
        Self(offered.filter(|id| is_sane(id)).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned))
    }
}

/// Letters, digits, `-`, `_` and `.`: nothing that a log viewer or a shell could take for something else.
fn is_sane(id: &str) -> bool {
    (1..=LENGTH_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromRequest for RequestId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Self>().cloned();
        ready(found.ok_or_else(|| Problem::internal("a request outside service_kit::server has no id")))
    }
}
