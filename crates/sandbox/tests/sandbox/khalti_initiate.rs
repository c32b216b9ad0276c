use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::{KHALTI_KEY, initiation, world};

const PATH: &str = "/khalti/api/v2/epayment/initiate/";

#[tokio::test]
async fn an_initiation_opens_a_payment_with_a_page_and_an_end() {
    let world = world().await;
    let mut request = initiation("order-1");
    request["amount"] = json!("10000");
    request["merchant_note"] = json!("kept");
    let answer = world.khalti(PATH, request).await;
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    let pidx = body["pidx"].as_str().unwrap();
    assert_eq!(pidx.len(), 22);
    assert_eq!(body["payment_url"], world.at(&format!("/khalti/pay?pidx={pidx}")));
    assert_eq!(body["expires_in"], 1_800);
    assert_eq!(body["merchant_note"], "kept");
    let expires_at = body["expires_at"].as_str().unwrap();
    assert!(expires_at.ends_with("+05:45"));
    assert_eq!(expires_at.split_once('.').unwrap().1.len(), "471649+05:45".len());
    let payment = world.payment("khalti", pidx).await;
    let ledger: DateTime<Utc> = payment["expires_at"].as_str().unwrap().parse().unwrap();
    let told: DateTime<Utc> = expires_at.parse().unwrap();
    assert_eq!(ledger.timestamp_micros(), told.timestamp_micros());
    assert_eq!(payment["amount_minor"], 10_000);
}

#[tokio::test]
async fn every_refused_field_is_named_as_khalti_names_it() {
    let world = world().await;
    let blank = "This field may not be blank.";
    let too_small = "Amount should be greater than Rs. 10, that is 1000 paisa.";
    for (field, value, message) in [
        ("return_url", json!(""), blank),
        ("website_url", json!(" "), blank),
        ("purchase_order_id", json!(""), blank),
        ("purchase_order_name", json!(""), blank),
        ("return_url", json!("shop.example"), "Enter a valid URL."),
        ("amount", json!(999), too_small),
        ("amount", json!(1999.9999), "A valid integer is required."),
        ("amount", json!("ten"), "A valid integer is required."),
        ("amount", json!(null), "A valid integer is required."),
    ] {
        let mut request = initiation("refused");
        request[field] = value.clone();
        let answer = world.khalti(PATH, request).await;
        assert_eq!(answer.status(), 400, "{field}={value}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body, json!({ field: [message], "error_key": "validation_error" }), "{field}={value}");
    }
    assert_eq!(world.get("/control/payments/khalti/refused").await.status(), 404);
}

#[tokio::test]
async fn all_refusals_come_at_once_and_missing_fields_are_required() {
    let world = world().await;
    let body: Value = world.khalti(PATH, json!({})).await.json().await.unwrap();
    for field in ["return_url", "website_url", "amount", "purchase_order_id", "purchase_order_name"] {
        assert_eq!(body[field], json!(["This field is required."]), "{field}");
    }
}

#[tokio::test]
async fn a_breakdown_must_add_up_and_may_hold_a_discount() {
    let world = world().await;
    let mut request = initiation("breakdown");
    request["amount_breakdown"] =
        json!([{ "label": "Books", "amount": 11_000 }, { "label": "Off", "amount": -900 }]);
    let body: Value = world.khalti(PATH, request.clone()).await.json().await.unwrap();
    assert_eq!(body, json!({ "amount": ["Amount Breakdown mismatch."], "error_key": "validation_error" }));
    request["amount_breakdown"][1]["amount"] = json!(-1_000);
    assert_eq!(world.khalti(PATH, request).await.status(), 200);
}

#[tokio::test]
async fn the_key_and_its_scheme_are_checked() {
    let world = world().await;
    let with = |authorization: Option<&'static str>| {
        let call = world.client.post(world.at(PATH)).json(&initiation("key"));
        match authorization {
            Some(value) => call.header("Authorization", value),
            None => call,
        }
    };
    let answer = with(Some("Key wrong")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(
        answer.json::<Value>().await.unwrap(),
        json!({ "detail": "Invalid token.", "status_code": 401 })
    );
    for authorization in [None, Some("sandbox-khalti-secret-key"), Some("Bearer sandbox-khalti-secret-key")] {
        let answer = with(authorization).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        let body: Value = answer.json().await.unwrap();
        let expected =
            json!({ "detail": "Authentication credentials were not provided.", "status_code": 401 });
        assert_eq!(body, expected);
    }
    assert_eq!(with(Some("key sandbox-khalti-secret-key")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_trailing_slash_matters_and_garbage_is_no_json() {
    let world = world().await;
    let without = world.khalti(PATH.trim_end_matches('/'), initiation("slash")).await;
    assert_eq!(without.status(), 404);
    let call = world.client.post(world.at(PATH)).header("Authorization", KHALTI_KEY).body("{");
    assert_eq!(call.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_link_can_live_an_hour() {
    let world = world().await;
    world.set_modes("khalti", "hour", &["long_lived_link"]).await;
    let body: Value = world.khalti(PATH, initiation("hour")).await.json().await.unwrap();
    assert_eq!(body["expires_in"], 3_600);
}

#[tokio::test]
async fn an_initiation_can_fail_without_making_anything() {
    let world = world().await;
    for (mode, code) in [("initiate_server_error", 503), ("initiate_refused", 400), ("invalid_token", 401)] {
        world.set_modes("khalti", mode, &[mode]).await;
        assert_eq!(world.khalti(PATH, initiation(mode)).await.status(), code, "{mode}");
        assert_eq!(world.get(&format!("/control/payments/khalti/{mode}")).await.status(), 404, "{mode}");
    }
}

#[tokio::test]
async fn an_initiation_can_be_done_though_nobody_hears_of_it() {
    let world = world().await;
    world.set_modes("khalti", "page", &["initiate_html"]).await;
    assert!(
        world.khalti(PATH, initiation("page")).await.text().await.unwrap().starts_with("<!doctype html>")
    );
    assert_eq!(world.payment("khalti", "page").await["status"], "initiated");

    world.set_modes("khalti", "dropped", &["initiate_dropped"]).await;
    let call =
        world.client.post(world.at(PATH)).header("Authorization", KHALTI_KEY).json(&initiation("dropped"));
    let heard = match call.send().await {
        Ok(answer) => answer.bytes().await.map(|body| body.len()),
        Err(error) => Err(error),
    };
    assert!(heard.is_err());
    assert_eq!(world.payment("khalti", "dropped").await["status"], "initiated");

    world.set_modes_with("khalti", "slow", json!({ "modes": ["initiate_slow"], "slow_ms": 200 })).await;
    let asked = Instant::now();
    world.open_khalti("slow").await;
    assert!(asked.elapsed() >= Duration::from_millis(200));
}
