use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data, Path},
};
use domain::client_status::{PaymentStatus, Watch};
use futures_util::stream::unfold;
use service_kit::http::Problem;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

use super::status::payment_status;
use crate::{answer::StatusBody, app::State, refusal::Refusal};

/// Silence on a stream lasts at most so long; proxies close what is silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How soon a browser whose stream broke connects again.
const RECONNECT_MS: u32 = 1000;
/// A stream ends after this; browsers connect again by themselves.
const STREAM_LIFE_MAX: Duration = Duration::from_secs(600);

/// Follows a payment: `event: status` at the start and at every change, closed after a final one.
pub(crate) async fn follow(
    request: HttpRequest,
    state: Data<State>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let status = payment_status(&state, &id).await.map_err(Refusal::problem)?;
    let last_seen = request.headers().get("last-event-id").and_then(|value| value.to_str().ok());
    let is_seen = last_seen == Some(event_id(&status).as_str());
    if is_seen && status.status.is_final() {
        // The one answer after which a browser does not connect again.
        return Ok(HttpResponse::NoContent().finish());
    }
    let place = Arc::clone(&state.stream_places).try_acquire_owned();
    let busy = |_full| Refusal::Unavailable { cause: "too many streams are open".to_owned() }.problem();
    let following = Following {
        watch: state.feed.watch(status.clone()).map_err(|error| Refusal::from(error).problem())?,
        last: status.clone(),
        next: Some(status).filter(|_| !is_seen),
        ends_at: Instant::now() + STREAM_LIFE_MAX,
        has_ended: false,
        _place: place.map_err(busy)?,
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
    last: PaymentStatus,
    next: Option<PaymentStatus>,
    ends_at: Instant,
    has_ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Following {
    /// The next event or heartbeat; `None` closes the stream.
    async fn event(&mut self) -> Option<Result<String, serde_json::Error>> {
        if self.has_ended || Instant::now() >= self.ends_at {
            return None;
        }
        let status = match self.next.take() {
            Some(status) => status,
            None => match timeout_at(Instant::now() + HEARTBEAT, self.change()).await {
                Ok(changed) => changed?,
                Err(_silence) => return Some(Ok(": still here\n\n".to_owned())),
            },
        };
        self.has_ended = status.status.is_final();
        let data = serde_json::to_string(&StatusBody::from(&status));
        let id = event_id(&status);
        self.last = status;
        Some(data.map(|data| format!("event: status\nid: {id}\nretry: {RECONNECT_MS}\ndata: {data}\n\n")))
    }

    /// Waits for something that the follower has not been told yet.
    async fn change(&mut self) -> Option<PaymentStatus> {
        loop {
            let status = self.watch.changed().await?;
            if StatusBody::from(&status) != StatusBody::from(&self.last) {
                return Some(status);
            }
        }
    }
}

/// Names a state, not a moment: the same after a restart and in every process.
fn event_id(status: &PaymentStatus) -> String {
    format!("{}-{}", status.updated_at.timestamp_micros(), status.status.as_str())
}
