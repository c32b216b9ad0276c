//! Notifications from server to server.

use domain::payments::gateway::Provider;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::world::{Answer, World, answer_of, world};

impl World {
    async fn notify(&self, provider: Provider, body: &Value) -> Answer {
        let url = self.at(&format!("/payment/webhook/{provider}"));
        answer_of(self.client.post(url).json(body).send().await.unwrap()).await
    }

    async fn notify_form(&self, provider: Provider, fields: &[(&str, &str)]) -> Answer {
        let url = self.at(&format!("/payment/webhook/{provider}"));
        answer_of(self.client.post(url).form(fields).send().await.unwrap()).await
    }

    async fn notify_raw(&self, path: &str, content_type: &str, body: String) -> Answer {
        let request = self.client.post(self.at(path)).header(CONTENT_TYPE, content_type).body(body);
        answer_of(request.send().await.unwrap()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_with_the_redirects_fields_is_a_question() {
    let world = world().await;
    let esewa = world.shop.intent(Provider::Esewa).await;
    let url = world.redirect_after(&esewa, "pay").await;
    let (_, data) = url.split_once("data=").unwrap();
    let answer = world.notify(Provider::Esewa, &json!({ "data": data })).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (200, "paid"), "{}", answer.body);
    assert_eq!(world.callbacks(&esewa).await, ["webhook accepted"]);

    let khalti = world.shop.intent(Provider::Khalti).await;
    world.act(&khalti, "pay").await;
    let fields = [("pidx", khalti.reference.as_str()), ("status", "Completed"), ("amount", "125050")];
    let answer = world.notify_form(Provider::Khalti, &fields).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (200, "paid"), "{}", answer.body);
    assert_eq!(world.callbacks(&khalti).await, ["webhook accepted"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_fields_in_the_clear_are_verified_like_the_redirects() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let url = world.redirect_after(&intent, "pay").await;
    let (_, data) = url.split_once("data=").unwrap();
    let fields: Value = serde_json::from_slice(&decoded(data)).unwrap();
    let mut forged = fields.clone();
    forged["transaction_code"] = json!("0000000");
    let answer = world.notify(Provider::Esewa, &forged).await;
    assert_eq!((answer.code.as_u16(), answer.problem_code()), (400, "callback_invalid"));
    let answer = world.notify(Provider::Esewa, &fields).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (200, "paid"), "{}", answer.body);
    assert_eq!(world.callbacks(&intent).await, ["webhook invalid", "webhook accepted"]);
    world.finish().await;
}

fn decoded(data: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(data).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_only_names_a_payment_is_enough() {
    let world = world().await;
    for provider in Provider::ALL {
        let intent = world.shop.intent(provider).await;
        world.act(&intent, "pay").await;
        let answer = world.notify(provider, &json!({ "payment_intent_id": intent.id, "nested": {} })).await;
        assert_eq!((answer.code.as_u16(), answer.status()), (200, "paid"));
        assert_eq!(world.callbacks(&intent).await, ["webhook incomplete"]);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_names_two_payments_is_refused() {
    let world = world().await;
    for (provider, handle) in [(Provider::Esewa, "transaction_uuid"), (Provider::Khalti, "pidx")] {
        let (one, other) = (world.shop.intent(provider).await, world.shop.intent(provider).await);
        world.act(&one, "pay").await;
        let body = json!({ "payment_intent_id": one.id, handle: other.reference });
        let answer = world.notify(provider, &body).await;
        assert_eq!((answer.code.as_u16(), answer.problem_code()), (400, "callback_invalid"));
        assert_eq!(world.intent_status(&one).await, "awaiting_payment");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_that_cannot_be_read_are_refused_precisely() {
    let world = world().await;
    let (esewa, json_type) = ("/payment/webhook/esewa", "application/json");
    for (path, content_type, body, code, problem) in [
        ("/payment/webhook/paypal", json_type, "{}".to_owned(), 404, "not_found"),
        (esewa, json_type, "{}".to_owned(), 404, "not_found"),
        (esewa, json_type, r#"{"transaction_uuid":"nobody's"}"#.to_owned(), 404, "not_found"),
        (esewa, json_type, r#"{"payment_intent_id":"\u0000"}"#.to_owned(), 404, "not_found"),
        (esewa, json_type, "{".to_owned(), 400, "malformed_json"),
        (esewa, json_type, "[1]".to_owned(), 422, "validation_failed"),
        (esewa, "text/plain", "{}".to_owned(), 415, "unsupported_media_type"),
        (esewa, json_type, format!("\"{}\"", "A".repeat(20_000)), 413, "payload_too_large"),
    ] {
        let answer = world.notify_raw(path, content_type, body).await;
        assert_eq!((answer.code.as_u16(), answer.problem_code()), (code, problem), "{path}");
    }
    let stored = world.database.client().await.query_one("SELECT count(*) FROM payment_callbacks", &[]).await;
    assert_eq!(stored.unwrap().get::<_, i64>(0), 0);
    world.finish().await;
}
