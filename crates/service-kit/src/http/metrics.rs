use std::{sync::LazyLock, time::Duration};

use actix_web::http::{Method, StatusCode};
use opentelemetry::{KeyValue, metrics::Histogram};

use crate::telemetry;

/// Seconds: from a cached read to the longest wait for a gateway.
const BOUNDARIES: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    telemetry::meter()
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_description("Time from a request's head to its answer's head.")
        .with_boundaries(BOUNDARIES.to_vec())
        .build()
});

pub(crate) fn record(method: &'static str, route: String, status: StatusCode, elapsed: Duration) {
    let labels = [
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.route", route),
        KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
    ];
    DURATION.record(elapsed.as_secs_f64(), &labels);
}

/// Callers can invent methods; labels must stay few.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}
