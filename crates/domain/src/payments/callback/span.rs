use opentelemetry::trace::TraceContextExt;
use schema::{Connection, queries::jobs};
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{
    jobs::{Job, VerifyPayment},
    queue::TraceContext,
};

/// The span of the work on a callback.
///
/// A browser brings no trace back from the gateway, so checkout's is taken up again where it was left: at the intent's
/// question. The request that brought the callback keeps a trace of its own; the two link to each other.
pub(super) async fn span_of(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Span, schema::Error> {
    let question = VerifyPayment { payment_intent_id: payment_intent_id.to_owned() };
    let owed_in = jobs::trace_context_of(connection, &question.idempotency_key()).await?;
    let span = tracing::info_span!("callback", payment_intent_id, trace_id = field::Empty);
    if let Some(owed_in) = owed_in {
        let purchase = TraceContext(owed_in).extract();
        let request = Span::current();
        let request_context = request.context().span().span_context().clone();
        request.add_link(purchase.span().span_context().clone());
        // Refused where no tracer is installed; the span then has no trace at all.
        let _ = span.set_parent(purchase);
        span.add_link(request_context);
    }
    let context = span.context().span().span_context().clone();
    if context.is_valid() {
        span.record("trace_id", field::display(context.trace_id()));
    }
    Ok(span)
}
