use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;
use test_support::factories::{Intent, Provider};

use crate::server::{PATIENCE, Server, token};

async fn intent(server: &Server) -> (String, Intent) {
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 1)]).await;
    let intent = server.shop.intent(Provider::Esewa, &cart).await;
    (cart.user_id, intent)
}

fn path(intent: &Intent, stream: &str) -> String {
    format!("/api/orders/check-status{stream}?payment_intent_id={}", intent.payment_intent_id)
}

/// An open stream, read event by event.
struct Events {
    response: reqwest::Response,
    read: String,
}

impl Events {
    async fn open(server: &Server, user_id: &str, intent: &Intent, last_event_id: Option<&str>) -> Self {
        let mut request = server.request(Method::GET, &path(intent, "/stream")).bearer_auth(token(user_id));
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let response = request.send().await.unwrap();
        Self { response, read: String::new() }
    }

    /// Id and data of the next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find(|line| line.starts_with(name))?;
                    Some(line[name.len()..].to_owned())
                };
                let parsed = (field("id: "), field("data: "));
                self.read = rest.to_owned();
                if let (Some(id), Some(data)) = parsed {
                    return Some((id, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.unwrap().unwrap()?;
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn next_status(&mut self) -> String {
        self.next().await.unwrap().1["status"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_status_says_what_the_shopper_may_know() {
    let server = Server::start().await;
    let (user_id, intent) = intent(&server).await;
    let status = server.get(&user_id, &path(&intent, "")).await.ok(200);
    assert_eq!(status["status"], "awaiting_payment");
    assert!(
        status["order_number"].is_null() && status["message"].is_string() && status["updated_at"].is_string()
    );

    let callback = format!(
        "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, reason, raw_payload) \
         VALUES ('{}', 'esewa', 'return', ",
        intent.payment_intent_id
    );
    server.execute(&format!("{callback} 'invalid', 'forged', 'x')")).await;
    assert_eq!(server.get(&user_id, &path(&intent, "")).await.ok(200)["status"], "awaiting_payment");
    server.execute(&format!("{callback} 'accepted', NULL, 'x')")).await;
    assert_eq!(server.get(&user_id, &path(&intent, "")).await.ok(200)["status"], "verifying");
    server.shop.verify(&intent).await;
    assert_eq!(server.get(&user_id, &path(&intent, "")).await.ok(200)["status"], "paid");
}

#[tokio::test]
async fn somebody_elses_intent_is_not_there() {
    let server = Server::start().await;
    let (user_id, intent) = intent(&server).await;
    for stream in ["", "/stream"] {
        server.get("somebody else", &path(&intent, stream)).await.refused(404, "not_found");
        let base = format!("/api/orders/check-status{stream}?payment_intent_id=");
        for unknown in ["", "pi_esewa_x", "%00"] {
            server.get(&user_id, &format!("{base}{unknown}")).await.refused(404, "not_found");
        }
        let missing = server.get(&user_id, &format!("/api/orders/check-status{stream}")).await;
        assert_eq!(missing.refused(422, "validation_failed")["errors"][0]["field"], "payment_intent_id");
    }
}

#[tokio::test]
async fn a_stream_tells_every_change_and_closes_after_the_final_one() {
    let server = Server::start().await;
    let (user_id, intent) = intent(&server).await;
    let mut events = Events::open(&server, &user_id, &intent, None).await;
    assert_eq!(events.response.headers()["content-type"], "text/event-stream");
    let (first_id, first) = events.next().await.unwrap();
    assert_eq!(first["status"], "awaiting_payment");

    // A reconnect with the last id hears nothing twice.
    let mut resumed = Events::open(&server, &user_id, &intent, Some(&first_id)).await;
    server.shop.release(&intent, "failed").await;
    assert_eq!(events.next_status().await, "failed");
    let (last_id, last) = resumed.next().await.unwrap();
    assert_eq!(last["status"], "failed");
    assert_eq!((events.next().await, resumed.next().await), (None, None));

    let after = Events::open(&server, &user_id, &intent, Some(&last_id)).await;
    assert_eq!(after.response.status().as_u16(), 204);
    let mut late = Events::open(&server, &user_id, &intent, None).await;
    assert_eq!(late.next_status().await, "failed");
    assert_eq!(late.next().await, None);
}

#[tokio::test]
async fn a_wake_up_is_faster_than_a_look() {
    let server = Server::start().await;
    let (user_id, intent) = intent(&server).await;
    let mut events = Events::open(&server, &user_id, &intent, None).await;
    events.next().await;
    server.shop.verify(&intent).await;
    server.execute("NOTIFY payment_intents").await;
    assert_eq!(events.next_status().await, "paid");
}

#[tokio::test]
async fn a_stream_survives_a_database_that_goes_and_comes_back() {
    let server = Server::start().await;
    let (user_id, intent) = intent(&server).await;
    let mut events = Events::open(&server, &user_id, &intent, None).await;
    events.next().await;
    server.allow_connections(false).await;
    server.shop.verify(&intent).await;
    server.allow_connections(true).await;
    assert_eq!(events.next_status().await, "paid");
}

#[tokio::test]
async fn many_streams_of_one_payment_hear_the_same() {
    let server = Server::start().await;
    let (user_id, intent) = intent(&server).await;
    let opened = futures_util::stream::iter(0..20).then(|_| Events::open(&server, &user_id, &intent, None));
    let mut streams: Vec<Events> = opened.collect().await;
    for events in &mut streams {
        assert_eq!(events.next_status().await, "awaiting_payment");
    }
    server.shop.release(&intent, "expired").await;
    for events in &mut streams {
        assert_eq!(events.next_status().await, "expired");
    }
}
