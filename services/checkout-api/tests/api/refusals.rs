use reqwest::Method;
use service_kit::http::Code;

use crate::server::{Server, order, token};

#[tokio::test]
async fn whoever_has_no_good_token_is_nobody() {
    let server = Server::start().await;
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1In0.";
    for path in [
        "/api/cart",
        "/api/orders",
        "/api/orders/ORD-2222222222",
        "/api/orders/check-status?payment_intent_id=x",
    ] {
        server.send(server.request(Method::GET, path)).await.refused(401, "unauthenticated");
        let forged = server.request(Method::GET, path).bearer_auth(unsigned);
        server.send(forged).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn wrong_methods_addresses_and_bodies_get_their_own_code() {
    let server = Server::start().await;
    let intents = "/api/checkout/order-intents";
    let as_shopper =
        |method, path| server.request(method, path).bearer_auth(token("u")).header("Idempotency-Key", "k");
    server.send(as_shopper(Method::DELETE, "/api/cart")).await.refused(405, "method_not_allowed");
    server.send(as_shopper(Method::GET, intents)).await.refused(405, "method_not_allowed");
    server.send(as_shopper(Method::GET, "/api/wishes")).await.refused(404, "not_found");
    let json = |body: &'static str| {
        as_shopper(Method::POST, intents).header("Content-Type", "application/json").body(body)
    };
    server.send(json("{\"provider\": ")).await.refused(400, "malformed_json");
    server.send(json("not json")).await.refused(400, "malformed_json");
    server.send(as_shopper(Method::POST, intents).body("a=b")).await.refused(415, "unsupported_media_type");
    let large = as_shopper(Method::POST, intents).json(&"x".repeat(70_000));
    server.send(large).await.refused(413, "payload_too_large");
}

#[tokio::test]
async fn every_broken_field_of_an_intent_is_named() {
    let server = Server::start().await;
    let good = order("esewa", 1);
    for (pointer, value, field) in [
        ("/provider", "paypal".into(), "provider"),
        ("/cart_version", "1".into(), "cart_version"),
        ("/cart_version", 0.into(), "cart_version"),
        ("/shipping_address/phone", "call me".into(), "shipping_address.phone"),
        ("/shipping_address/city", "".into(), "shipping_address.city"),
        ("/shipping_address/line1", "\0".into(), "shipping_address.line1"),
        ("/shipping_address/full_name", "x".repeat(101).into(), "shipping_address.full_name"),
        ("/shipping_address/country", serde_json::Value::Null, "shipping_address.country"),
    ] {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        let problem = server.pay_with("u", "k", &body).await.refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let mut body = good.clone();
    body["shipping_address"]["planet"] = "Earth".into();
    let problem = server.pay_with("u", "k", &body).await.refused(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "shipping_address.planet");
}

#[tokio::test]
async fn an_intent_needs_one_visible_key() {
    let server = Server::start().await;
    let post = || {
        server
            .request(Method::POST, "/api/checkout/order-intents")
            .bearer_auth(token("u"))
            .json(&order("esewa", 1))
    };
    server.send(post()).await.refused(400, "idempotency_key_missing");
    server.send(post().header("Idempotency-Key", "")).await.refused(400, "idempotency_key_missing");
    for key in ["two words", &"k".repeat(256)] {
        server.send(post().header("Idempotency-Key", key)).await.refused(422, "validation_failed");
    }
    let twice = post().header("Idempotency-Key", "a").header("Idempotency-Key", "b");
    server.send(twice).await.refused(422, "validation_failed");
    server.send(post().header("Idempotency-Key", "k".repeat(255))).await.refused(422, "cart_empty");
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let server = Server::start_with(&[("RATE_LIMIT__PER_CLIENT_PER_SECOND", "1")]).await;
    let mut refused = 0;
    for _ in 0..5 {
        let answer = server.send(server.request(Method::GET, "/api/products")).await;
        if answer.status.as_u16() == 429 {
            answer.refused(429, "rate_limited");
            assert!(answer.retry_after.is_some());
            refused += 1;
        }
    }
    assert!(refused >= 2, "{refused} of 5 were refused at one a second");
}

#[tokio::test]
async fn a_database_that_is_away_is_said_so_and_forgotten_when_it_is_back() {
    let server = Server::start().await;
    server.get("u", "/api/cart").await.ok(200);
    server.allow_connections(false).await;
    let away = server.get("u", "/api/cart").await;
    away.refused(503, "service_unavailable");
    assert!(away.retry_after.is_some());
    assert_eq!(server.send(server.request(Method::GET, "/readyz")).await.status.as_u16(), 503);
    assert_eq!(server.send(server.request(Method::GET, "/livez")).await.status.as_u16(), 200);
    server.allow_connections(true).await;
    server.get("u", "/api/cart").await.ok(200);
    assert_eq!(server.send(server.request(Method::GET, "/readyz")).await.status.as_u16(), 200);
}

#[tokio::test]
async fn the_service_describes_every_address_and_code() {
    let server = Server::start().await;
    let document = server.send(server.request(Method::GET, "/openapi.json")).await;
    let paths = document.ok(200)["paths"].as_object().unwrap().len();
    assert_eq!(paths, 8, "{}", document.text);
    let of_other_services = [Code::CallbackInvalid, Code::Forbidden, Code::ActionRefused];
    for code in Code::ALL.iter().filter(|code| !of_other_services.contains(code)) {
        assert!(document.text.contains(&format!("`{code}`")), "{code} is not described");
    }
    let page = server.send(server.request(Method::GET, "/docs")).await;
    assert!(page.status.is_success() && page.text.contains("swagger"), "{}", page.text);
}

#[tokio::test]
async fn figures_tell_intents_by_outcome_and_the_pools_load() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 1)]).await;
    server.pay(&cart, "k", "khalti").await.ok(201);
    server.pay(&cart, "k", "esewa").await.refused(422, "idempotency_key_reused");
    let figures = server.send(server.request(Method::GET, "/metrics")).await.text;
    for line in [
        r#"order_intents_total{outcome="created",provider="khalti"}"#,
        r#"order_intents_total{outcome="idempotency_key_reused",provider="esewa"}"#,
        r#"gateway_call_duration_seconds_count{call="start",outcome="started",provider="khalti"}"#,
        "database_connections_max",
    ] {
        assert!(figures.contains(line), "{line} is not in\n{figures}");
    }
}
