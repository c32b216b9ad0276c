//! Requests that no storefront should send: each gets its precise problem, and no row changes.

use pipeline_tests::{Answer, Checkout, Provider, Shopper};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::world::World;

/// A body that is sent as it stands.
struct Body {
    content_type: &'static str,
    text: String,
}

/// A request and the refusal it must meet.
struct Bad {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Body>,
    status: u16,
    code: &'static str,
}

fn bad(method: Method, path: impl Into<String>, status: u16, code: &'static str) -> Bad {
    Bad { method, path: path.into(), headers: Vec::new(), body: None, status, code }
}

impl Bad {
    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn text(mut self, content_type: &'static str, text: impl Into<String>) -> Self {
        self.body = Some(Body { content_type, text: text.into() });
        self
    }

    fn json(self, text: impl ToString) -> Self {
        self.text("application/json", text.to_string())
    }

    fn dress(&self, mut request: RequestBuilder) -> RequestBuilder {
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        match &self.body {
            Some(Body { content_type, text }) => {
                request.header("content-type", *content_type).body(text.clone())
            }
            None => request,
        }
    }

    /// What is wrong with the answer; nothing, when it is the refusal it must be.
    fn objection(&self, answer: &Answer) -> Option<String> {
        let Self { method, path, status, code, .. } = self;
        let body = self.body.as_ref().map_or("", |body| body.text.get(..80).unwrap_or(&body.text));
        let problem = answer.json();
        let media_type =
            answer.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_problem = media_type == "application/problem+json"
            && problem["status"] == answer.status.as_u16()
            && ["type", "title", "detail", "request_id"].iter().all(|field| problem[field].is_string());
        let is_refused = answer.status.as_u16() == *status && answer.code() == *code && is_problem;
        (!is_refused).then(|| {
            format!(
                "{method} {path} {body}: wanted {status} {code}, got {} {media_type} {}",
                answer.status, answer.text
            )
        })
    }
}

fn cart(variant: &str) -> Vec<Bad> {
    let item = format!("/api/cart/items/{variant}");
    let put = |status, code| bad(Method::PUT, &item, status, code);
    let mut all = vec![
        put(400, "malformed_json").json("{\"quantity\":"),
        put(400, "malformed_json").json("\u{1}\u{2}"),
        put(400, "malformed_json").json(""),
        put(415, "unsupported_media_type").text("text/plain", "{\"quantity\":1}"),
        put(415, "unsupported_media_type").text("application/x-www-form-urlencoded", "quantity=1"),
        put(413, "payload_too_large").json(format!("{{\"quantity\":1,\"x\":\"{}\"}}", "a".repeat(70_000))),
        put(422, "validation_failed").json("{}"),
        put(422, "validation_failed").json("[1]"),
        put(422, "validation_failed").json("7"),
        put(422, "validation_failed").json("null"),
        put(422, "validation_failed").json("{\"quantity\":1,\"price\":1}"),
        put(422, "validation_failed").json("{\"quantity\":1,\"quantity\":2}"),
        bad(Method::PUT, "/api/cart/items/unheard-of", 404, "not_found").json("{\"quantity\":1}"),
        bad(Method::PUT, "/api/cart/items/%00", 404, "not_found").json("{\"quantity\":1}"),
        bad(Method::PUT, format!("/api/cart/items/{}", "v".repeat(3_000)), 404, "not_found")
            .json("{\"quantity\":1}"),
        bad(Method::POST, "/api/cart", 405, "method_not_allowed"),
        bad(Method::DELETE, "/api/cart", 405, "method_not_allowed"),
        bad(Method::GET, &item, 405, "method_not_allowed"),
        bad(Method::PATCH, &item, 405, "method_not_allowed"),
        bad(Method::GET, "/api/carts", 404, "not_found"),
        bad(Method::GET, "/", 404, "not_found"),
    ];
    for quantity in
        ["0", "-1", "1000", "4294967297", "99999999999999999999", "1.5", "1e2", "\"2\"", "true", "null"]
    {
        all.push(put(422, "validation_failed").json(format!("{{\"quantity\":{quantity}}}")));
    }
    all
}

fn intent_body(changes: &Value) -> Value {
    let mut body = json!({
        "provider": "esewa",
        "cart_version": 1,
        "shipping_address": {
            "full_name": "Asha Gurung", "phone": "9800000000", "line1": "Lakeside 6",
            "city": "Pokhara", "province": "Gandaki", "country": "NP",
        },
    });
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn order_intents(cart_version: i64) -> Vec<Bad> {
    let path = "/api/checkout/order-intents";
    let good = intent_body(&json!({ "cart_version": cart_version }));
    let post = |status, code| bad(Method::POST, path, status, code);
    let keyed = |status, code| post(status, code).header("Idempotency-Key", "bad-input");
    let mut all = vec![
        post(400, "idempotency_key_missing").json(&good),
        post(400, "idempotency_key_missing").header("Idempotency-Key", "").json(&good),
        post(422, "validation_failed").header("Idempotency-Key", "k".repeat(256)).json(&good),
        post(422, "validation_failed").header("Idempotency-Key", "two words").json(&good),
        post(422, "validation_failed")
            .header("Idempotency-Key", "one")
            .header("Idempotency-Key", "other")
            .json(&good),
        keyed(400, "malformed_json").json("{"),
        keyed(415, "unsupported_media_type").text("text/xml", "<order/>"),
        keyed(413, "payload_too_large").json(format!("\"{}\"", "x".repeat(70_000))),
        keyed(409, "cart_changed").json(intent_body(&json!({ "cart_version": cart_version + 7 }))),
        bad(Method::GET, path, 405, "method_not_allowed"),
        bad(Method::PUT, path, 405, "method_not_allowed").json(&good),
    ];
    for changes in [
        json!({ "provider": "paypal" }),
        json!({ "provider": null }),
        json!({ "provider": ["esewa"] }),
        json!({ "cart_version": "1" }),
        json!({ "cart_version": 1.5 }),
        json!({ "cart_version": 0 }),
        json!({ "cart_version": -3 }),
        json!({ "coupon": "FREE" }),
        json!({ "amount_minor": 1 }),
        json!({ "shipping_address": null }),
        json!({ "shipping_address": "Pokhara" }),
        json!({ "shipping_address": {} }),
    ] {
        all.push(keyed(422, "validation_failed").json(intent_body(&changes)));
    }
    for (field, value) in [
        ("full_name", json!("")),
        ("full_name", json!("   ")),
        ("full_name", json!("n".repeat(101))),
        ("phone", json!("call me")),
        ("phone", json!("98")),
        ("phone", json!(9_800_000_000_i64)),
        ("line1", json!("two\nlines")),
        ("line2", json!("l".repeat(201))),
        ("city", json!("\u{0}")),
        ("country", json!({ "code": "NP" })),
        ("planet", json!("Earth")),
    ] {
        let mut body = good.clone();
        body["shipping_address"][field] = value;
        all.push(keyed(422, "validation_failed").json(body));
    }
    all
}

fn reading(other: &Checkout, order_number: &str) -> Vec<Bad> {
    let get = |path: &str, status, code| bad(Method::GET, path, status, code);
    let status = "/api/orders/check-status";
    let theirs = format!("?payment_intent_id={}", other.payment_intent_id);
    let mut all = vec![
        get(&format!("{status}{theirs}"), 404, "not_found"),
        get(&format!("{status}/stream{theirs}"), 404, "not_found"),
        get(&format!("/api/orders/{order_number}"), 404, "not_found"),
        get("/api/orders/ORD-0000000000", 404, "not_found"),
        get("/api/orders/%00", 404, "not_found"),
        bad(Method::POST, "/api/orders", 405, "method_not_allowed"),
        bad(Method::DELETE, format!("/api/orders/{order_number}"), 405, "method_not_allowed"),
        bad(Method::POST, "/api/products", 405, "method_not_allowed"),
    ];
    for base in [status.to_owned(), format!("{status}/stream")] {
        all.push(get(&base, 422, "validation_failed"));
        all.push(get(&format!("{base}?payment_intent_id=x&order=y"), 422, "validation_failed"));
        all.push(get(&format!("{base}?payment_intent_id=unheard-of"), 404, "not_found"));
        all.push(get(&format!("{base}?payment_intent_id=%00"), 404, "not_found"));
        all.push(get(&format!("{base}?payment_intent_id={}", "9".repeat(4_000)), 404, "not_found"));
        all.push(bad(Method::POST, &base, 405, "method_not_allowed"));
    }
    for list in ["/api/orders", "/api/products"] {
        for query in ["limit=0", "limit=-1", "limit=1000", "limit=ten", "limit=99999999999", "page=2"] {
            all.push(get(&format!("{list}?{query}"), 422, "validation_failed"));
        }
        all.push(get(&format!("{list}?cursor=%00"), 422, "validation_failed"));
    }
    all.push(get("/api/orders?cursor=garbage", 422, "validation_failed"));
    all
}

async fn objections(shopper: &Shopper, requests: Vec<Bad>) -> Vec<String> {
    let mut objections = Vec::new();
    for bad in requests {
        let answer = shopper.send(bad.dress(shopper.request(bad.method.clone(), &bad.path))).await.unwrap();
        objections.extend(bad.objection(&answer));
    }
    objections
}

#[tokio::test]
async fn checkout_refuses_bad_input_precisely_and_changes_no_row() {
    let world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "3600")]).await;
    let (neighbour, theirs) = world.buy(Provider::Esewa).await;
    let status = neighbour.status(&theirs.payment_intent_id).await.unwrap();
    let variant = world.variant().await;
    let shopper = world.shopper_with(&[(&variant, 1)]).await;
    let version = shopper.cart().await.unwrap()["version"].as_i64().unwrap();
    let before = world.fingerprint(&[]).await;

    let mut objections_found = objections(&shopper, cart(&variant)).await;
    objections_found.extend(objections(&shopper, order_intents(version)).await);
    let order_number = status["order_number"].as_str().unwrap();
    objections_found.extend(objections(&shopper, reading(&theirs, order_number)).await);
    let nobody = shopper.clone().with_token("nothing");
    let paths = ["/api/cart", "/api/orders", "/api/orders/check-status?payment_intent_id=x"];
    let unsigned = paths.map(|path| bad(Method::GET, path, 401, "unauthenticated"));
    objections_found.extend(objections(&nobody, unsigned.into()).await);
    assert!(objections_found.is_empty(), "{}:\n{}", objections_found.len(), objections_found.join("\n"));
    assert_eq!(world.fingerprint(&[]).await, before);
    world.close().await;
}

#[tokio::test]
async fn a_cart_that_cannot_be_bought_is_refused_with_its_reason() {
    let world = World::start().await;
    let empty = world.shopper_with(&[]).await;
    let version = empty.cart().await.unwrap()["version"].as_i64().unwrap();
    let refused = empty.ask_for_intent(Provider::Esewa, version, "empty").await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "cart_empty"), "{}", refused.text);

    let (scarce, cheap) = (world.shop.variant(5_000, 3).await, world.shop.variant(50, 10).await);
    let greedy = world.shopper_with(&[(&scarce, 4)]).await;
    let version = greedy.cart().await.unwrap()["version"].as_i64().unwrap();
    let refused = greedy.ask_for_intent(Provider::Esewa, version, "greedy").await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "insufficient_stock"));
    let line = &refused.json()["lines"][0];
    assert_eq!(
        (&line["variant_id"], &line["wanted"], &line["available"]),
        (&json!(scarce), &json!(4), &json!(3))
    );

    for (provider, minimum_minor) in [(Provider::Esewa, 100), (Provider::Khalti, 1_000)] {
        let poor = world.shopper_with(&[(&cheap, 1)]).await;
        let version = poor.cart().await.unwrap()["version"].as_i64().unwrap();
        let refused = poor.ask_for_intent(provider, version, "poor").await.unwrap();
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "amount_below_minimum"));
        assert_eq!(refused.json()["minimum_minor"], minimum_minor);
    }

    let hidden = "UPDATE product_variants SET is_active = false WHERE variant_id = $1";
    world.rows().execute(hidden, &[&cheap]).await.unwrap();
    let request =
        empty.request(Method::PUT, &format!("/api/cart/items/{cheap}")).json(&json!({ "quantity": 1 }));
    let refused = empty.send(request).await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "variant_unavailable"));

    let dearer = "UPDATE product_variants SET unit_price_minor = 6000 WHERE variant_id = $1";
    let thrifty = world.shopper_with(&[(&scarce, 1)]).await;
    let version = thrifty.cart().await.unwrap()["version"].as_i64().unwrap();
    world.rows().execute(dearer, &[&scarce]).await.unwrap();
    let refused = thrifty.ask_for_intent(Provider::Esewa, version, "thrifty").await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "cart_changed"));
    let cart = thrifty.cart().await.unwrap();
    assert_eq!((&cart["version"], &cart["subtotal_minor"]), (&refused.json()["cart_version"], &6_000.into()));
    assert_eq!(world.count("SELECT count(*) FROM payment_intents").await, 0);
    world.close().await;
}

#[tokio::test]
async fn payment_callback_refuses_bad_input_precisely_and_changes_no_row() {
    let world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "3600")]).await;
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    let id = &checkout.payment_intent_id;
    let before = world.fingerprint(&["payment_callbacks"]).await;
    let callback = format!("/payment/callback/esewa/{id}");
    let hook = |status, code| bad(Method::POST, "/payment/webhook/esewa", status, code);
    let known = json!({ "payment_intent_id": id, "data": "garbage" });
    let requests = vec![
        bad(Method::GET, format!("{callback}?data=garbage"), 400, "callback_invalid"),
        bad(Method::GET, format!("{callback}?data={}", "A".repeat(20_000)), 400, "callback_invalid"),
        bad(Method::POST, &callback, 405, "method_not_allowed"),
        bad(Method::DELETE, &callback, 405, "method_not_allowed"),
        bad(Method::GET, "/payment/webhook/esewa", 405, "method_not_allowed"),
        bad(Method::POST, format!("/payment/status/{id}"), 405, "method_not_allowed"),
        bad(Method::GET, "/payment/status/unheard-of", 404, "not_found"),
        bad(Method::GET, "/payment", 404, "not_found"),
        bad(Method::POST, "/payment/webhook/paypal", 404, "not_found").json("{}"),
        hook(400, "malformed_json").json("{\"data\""),
        hook(422, "validation_failed").json("[]"),
        hook(415, "unsupported_media_type").text("text/plain", "data=1"),
        hook(413, "payload_too_large").json(format!("{{\"data\":\"{}\"}}", "A".repeat(20_000))),
        hook(404, "not_found").json("{}"),
        hook(404, "not_found").json("{\"payment_intent_id\":\"pi_esewa_unheard_of\"}"),
        hook(400, "callback_invalid").json(&known),
        hook(400, "callback_invalid").text(
            "application/x-www-form-urlencoded",
            format!("payment_intent_id={id}&transaction_uuid=somebody-elses"),
        ),
    ];
    let mut objections = Vec::new();
    for bad in requests {
        let url = format!("{}{}", world.pipeline.callback_url(), bad.path);
        let request =
            world.pipeline.http().request(bad.method.clone(), url).header("accept", "application/json");
        objections.extend(bad.objection(&shopper.send(bad.dress(request)).await.unwrap()));
    }
    assert!(objections.is_empty(), "{}:\n{}", objections.len(), objections.join("\n"));
    assert_eq!(world.fingerprint(&["payment_callbacks"]).await, before);
    world.close().await;
}
