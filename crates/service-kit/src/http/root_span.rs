use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::{Span, field::Empty};
use tracing_actix_web::{DefaultRootSpanBuilder, RootSpanBuilder};

use super::{RequestId, metrics::method_label};
use crate::telemetry;

/// Opens one span a request, as a child of the caller's where `traceparent` says so. It carries the route's template
/// and never the path or query: those hold ids that open things.
pub(crate) struct TracedRequest;

impl RootSpanBuilder for TracedRequest {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let request_id = RequestId::of(request);
        let route = route_template(request);
        let method = method_label(request.method());
        let span = tracing::info_span!(
            "request",
            otel.name = %format_args!("{method} {route}"),
            otel.kind = "server",
            otel.status_code = Empty,
            http.method = method,
            http.route = %route,
            http.status_code = Empty,
            exception.message = Empty,
            exception.details = Empty,
            %request_id,
            trace_id = Empty,
        );
        telemetry::adopt_parent_from_headers(&span, request.headers());
        request.extensions_mut().insert(request_id);
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        DefaultRootSpanBuilder::on_request_end(span, outcome);
    }
}

/// The pattern a request matches, such as `/api/orders/{order_number}`; one word for everything that matches none.
pub(crate) fn route_template(request: &ServiceRequest) -> String {
    request.match_pattern().unwrap_or_else(|| "unmatched".to_owned())
}
