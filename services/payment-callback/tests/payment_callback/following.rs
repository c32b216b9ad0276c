//! What a returning browser follows.

use domain::payments::gateway::Provider;
use reqwest::{Response, header::ACCEPT};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    shop::Intent,
    world::{WAIT_MAX, World, world},
};

impl World {
    async fn stream(&self, intent: &Intent, last_event_id: Option<&str>) -> Response {
        let url = self.at(&format!("/payment/status/{}/stream", intent.id));
        let mut request = self.client.get(url).header(ACCEPT, "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        request.send().await.unwrap()
    }
}

/// The next event's id and data; `None` at the stream's end.
async fn next_event(stream: &mut Response) -> Option<(String, Value)> {
    let chunk = timeout(WAIT_MAX, stream.chunk()).await.expect("silence").unwrap()?;
    let text = std::str::from_utf8(&chunk).unwrap().to_owned();
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    assert_eq!(line("event: "), "status");
    Some((line("id: "), serde_json::from_str(&line("data: ")).unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_every_change_and_ends_with_the_order() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let mut stream = world.stream(&intent, None).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let (_, data) = next_event(&mut stream).await.unwrap();
    let waiting =
        json!({ "payment_intent_id": intent.id, "status": "awaiting_payment", "order_number": null });
    assert_eq!(data, waiting);

    world.set_modes(&intent, json!({ "modes": ["says_pending"], "question_count": 1 })).await;
    let url = world.redirect_after(&intent, "pay").await;
    world.open(&url).await;
    let (id, data) = next_event(&mut stream).await.unwrap();
    assert_eq!(data["status"], "verifying");

    let mut again = world.stream(&intent, Some(&id)).await;
    world.forget_last_question(&intent).await;
    assert_eq!(world.open(&url).await.status(), "paid");
    assert_eq!(next_event(&mut stream).await.unwrap().1["status"], "paid");
    assert_eq!(next_event(&mut again).await.unwrap().1["status"], "paid", "what was seen is not repeated");

    world.make_order(&intent).await;
    let (id, data) = next_event(&mut stream).await.unwrap();
    assert_eq!(data["status"], "confirmed");
    assert!(data["order_number"].as_str().unwrap().starts_with("ORD-"));
    assert!(next_event(&mut stream).await.is_none(), "nothing comes after a final status");
    assert_eq!(world.stream(&intent, Some(&id)).await.status(), 204);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_answered_like_the_callback() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    let url = world.at(&format!("/payment/status/{}", intent.id));
    let answer = world.open(&url).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (202, "awaiting_payment"));
    let redirect = world.redirect_after(&intent, "pay").await;
    world.open(&redirect).await;
    world.make_order(&intent).await;
    let answer = world.open(&url).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (200, "confirmed"));
    let members: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["order_number", "payment_intent_id", "status"], "nothing personal");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_goes_on_after_the_service_was_restarted() {
    let mut world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let mut stream = world.stream(&intent, None).await;
    let (last_seen, _) = next_event(&mut stream).await.unwrap();
    world.service.restart();
    assert!(next_event(&mut stream).await.is_none(), "the stream ended with the service");

    let mut stream = world.stream(&intent, Some(&last_seen)).await;
    let url = world.redirect_after(&intent, "pay").await;
    world.open(&url).await;
    let mut told = vec![next_event(&mut stream).await.unwrap().1["status"].clone()];
    if told[0] == "verifying" {
        told.push(next_event(&mut stream).await.unwrap().1["status"].clone());
    }
    assert_eq!(told.last().unwrap(), "paid", "what was seen is not repeated: {told:?}");
    world.service.restart();
    world.make_order(&intent).await;
    // A browser that missed the change while it had no service is told at once.
    let mut stream = world.stream(&intent, Some(&last_seen)).await;
    assert_eq!(next_event(&mut stream).await.unwrap().1["status"], "confirmed");
    world.finish().await;
}
