use std::time::Duration;

use pipeline_tests::Answer;
use reqwest::{RequestBuilder, StatusCode, header};
use tokio::time::{Instant, sleep};

use crate::{draw::Draw, world::World};

/// How long a shopper tries the same thing before giving up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one request is waited for. Somebody who held the request is not necessarily without effect.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
/// A shopper does not always wait as long as the shop asks.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3);
const RETRY_MS: (u64, u64) = (150, 900);

/// Sends a request until somebody answers for good, each time to whichever replica: what was asked may have been done
/// although no answer came. `None`: the shopper gave up.
pub(super) async fn persist(
    world: &World,
    draw: &mut Draw,
    what: &str,
    request: impl Fn(usize) -> RequestBuilder,
) -> Option<Answer> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let replica = usize::from(draw.chance(50));
        let heard = {
            let _permit = world.requests.acquire().await.ok()?;
            send(request(replica)).await
        };
        let pause = match heard {
            // The HTTP server's own word to a connection that stood still too long, as all did while it was frozen.
            Ok(answer) if answer.status == StatusCode::REQUEST_TIMEOUT && answer.text.is_empty() => {
                world.load.count("answered 408 after a freeze");
                Duration::ZERO
            }
            Ok(answer) => match retry_after(world, what, &answer) {
                None => return Some(answer),
                Some(pause) => {
                    world.load.count(&format!("answered {}", answer.code()));
                    pause
                }
            },
            Err(_no_answer) => {
                world.load.count("requests without an answer");
                Duration::ZERO
            }
        };
        if Instant::now() > deadline {
            world.load.count(&format!("gave up: {what}"));
            return None;
        }
        sleep(pause.min(RETRY_AFTER_MAX) + draw.pause(RETRY_MS.0, RETRY_MS.1)).await;
    }
}

async fn send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let answer = request.timeout(REQUEST_TIMEOUT).send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok(Answer { status, headers, text: answer.text().await? })
}

/// How long to wait where the answer asks to come again.
fn retry_after(world: &World, what: &str, answer: &Answer) -> Option<Duration> {
    let asks_again =
        [StatusCode::SERVICE_UNAVAILABLE, StatusCode::BAD_GATEWAY, StatusCode::TOO_MANY_REQUESTS]
            .contains(&answer.status)
            || answer.code() == "request_in_progress";
    if !asks_again {
        return None;
    }
    let seconds = answer.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    if seconds.is_none() {
        world.told.unexpected(&format!("{what}, without saying when to come again,"), answer);
    }
    Some(Duration::from_secs(seconds.unwrap_or(1)))
}
