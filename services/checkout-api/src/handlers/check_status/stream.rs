use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data},
};
use domain::client_status::{PaymentStatus, Watch};
use futures_util::stream::unfold;
use service_kit::{
    auth::Shopper,
    http::{Problem, Query},
};
use tokio::time::{Instant, timeout_at};

use super::{OfIntent, StatusBody, own_status};
use crate::{app::State, error, openapi::ProblemDocument};

/// Silence on a stream lasts at most so long; proxies close what is silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after this; its reader connects again where it stopped, with a token that is still good.
const STREAM_LIFE_MAX: Duration = Duration::from_secs(600);

/// Follows a payment: one `event: status` at the start and at every change, closed after a final one.
#[utoipa::path(get, path = "/api/orders/check-status/stream", tag = "status", security(("bearer" = [])),
    params(OfIntent, ("Last-Event-ID" = Option<String>, Header, description = "The last id seen on an earlier stream")),
    responses(
    (status = 200, description = "Events whose data is a `StatusBody`", content_type = "text/event-stream", body = String),
    (status = 204, description = "The last event was final; nothing more will come"),
    (status = 401, description = "`unauthenticated`", body = ProblemDocument),
    (status = 404, description = "`not_found`: also for somebody else's intent", body = ProblemDocument),
    (status = 422, description = "`validation_failed`", body = ProblemDocument),
    (status = 429, description = "`rate_limited`", body = ProblemDocument),
    (status = 503, description = "`service_unavailable`: also where too many streams are open", body = ProblemDocument),
))]
pub(crate) async fn stream(
    state: Data<State>,
    shopper: Shopper,
    query: Query<OfIntent>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let status = own_status(&state, &shopper.user_id, &query.0.payment_intent_id).await?;
    let last_seen = request.headers().get("Last-Event-ID").and_then(|value| value.to_str().ok());
    let is_seen = last_seen == Some(event_id(&status).as_str());
    if is_seen && status.status.is_final() {
        return Ok(HttpResponse::NoContent().finish());
    }
    let watch = state.feed.watch(status.clone()).map_err(error::watch)?;
    let following = Following {
        watch,
        next: Some(status).filter(|_| !is_seen),
        ends_at: Instant::now() + STREAM_LIFE_MAX,
        has_ended: false,
    };
    let events = unfold(following, |mut following| async move {
        let event = following.event().await?;
        Some((event.map(Bytes::from), following))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // nginx would otherwise keep events back until its buffer is full.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events))
}

struct Following {
    watch: Watch,
    next: Option<PaymentStatus>,
    ends_at: Instant,
    has_ended: bool,
}

impl Following {
    /// The next event or heartbeat; `None` closes the stream.
    async fn event(&mut self) -> Option<Result<String, serde_json::Error>> {
        if self.has_ended || Instant::now() >= self.ends_at {
            return None;
        }
        let status = match self.next.take() {
            Some(status) => status,
            None => match timeout_at(Instant::now() + HEARTBEAT, self.watch.changed()).await {
                Ok(changed) => changed?,
                Err(_silence) => return Some(Ok(": still here\n\n".to_owned())),
            },
        };
        self.has_ended = status.status.is_final();
        let id = event_id(&status);
        let data = serde_json::to_string(&StatusBody::from(status));
        Some(data.map(|data| format!("event: status\nid: {id}\ndata: {data}\n\n")))
    }
}

/// Names a state, not a moment: the same after a restart and in every process.
fn event_id(status: &PaymentStatus) -> String {
    format!("{}-{}", status.updated_at.timestamp_micros(), status.status.as_str())
}
