//! Whatever is not genuine changes nothing.

use domain::payments::gateway::Provider;
use reqwest::Method;
use serde_json::json;

use crate::{
    shop::Intent,
    world::{World, world},
};

/// The callback was refused and stored, and nothing else happened.
async fn assert_refused(world: &World, intent: &Intent, url: &str, why: &str) {
    let jobs = "SELECT count(*) FROM job_queue";
    let jobs_before: i64 = world.database.client().await.query_one(jobs, &[]).await.unwrap().get(0);
    let answer = world.open(url).await;
    assert_eq!((answer.code.as_u16(), answer.problem_code()), (400, "callback_invalid"), "{why}");
    assert_eq!(world.intent_status(intent).await, "awaiting_payment", "{why}");
    assert_eq!(world.verifications(intent).await, 0, "{why}");
    assert_eq!(world.callbacks(intent).await, ["return invalid"], "{why}");
    assert_eq!(world.questions(intent).await, 0, "{why}");
    let jobs_after: i64 = world.database.client().await.query_one(jobs, &[]).await.unwrap().get(0);
    assert_eq!(jobs_before, jobs_after, "{why}");
    let status = world.open(&world.at(&format!("/payment/status/{}", intent.id))).await;
    assert_eq!(status.status(), "awaiting_payment", "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_tampered_returns_of_esewa_are_refused() {
    let world = world().await;
    for mode in [
        "tampered_signature",
        "short_signature",
        "too_few_signed_fields",
        "redirect_tampers_amount",
        "other_merchant",
        "data_unreadable",
    ] {
        let intent = world.shop.intent(Provider::Esewa).await;
        world.set_modes(&intent, json!([mode])).await;
        let url = world.redirect_after(&intent, "pay").await;
        assert_refused(&world, &intent, &url, mode).await;
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_genuine_return_of_another_payment_is_refused() {
    let world = world().await;
    for provider in Provider::ALL {
        let other = world.shop.intent(provider).await;
        let genuine = world.redirect_after(&other, "pay").await;
        let intent = world.shop.intent(provider).await;
        let (_, query) = genuine.split_once('?').unwrap();
        let url = format!("{}?{query}", world.callback_url(&intent));
        assert_refused(&world, &intent, &url, provider.as_str()).await;
        assert_eq!(world.callbacks(&other).await, Vec::<String>::new());
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_amount_in_khaltis_return_is_refused() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    world.set_modes(&intent, json!(["redirect_tampers_amount"])).await;
    let url = world.redirect_after(&intent, "pay").await;
    assert_refused(&world, &intent, &url, "amount").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_stored_and_refused() {
    let world = world().await;
    for garbage in ["data=%00%ff%fe", "data=e30", "data=bnVsbA==", "data=%25%25", "x=1?data=W10"] {
        let intent = world.shop.intent(Provider::Esewa).await;
        let url = format!("{}?{garbage}", world.callback_url(&intent));
        assert_refused(&world, &intent, &url, garbage).await;
        let raw = "SELECT raw_payload FROM payment_callbacks WHERE payment_intent_id = $1";
        assert_eq!(world.text(raw, &intent).await, garbage);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_too_long_is_stored_cut_and_refused() {
    let world = world().await;
    for provider in Provider::ALL {
        let intent = world.shop.intent(provider).await;
        let url = format!("{}?data={}", world.callback_url(&intent), "A".repeat(20_000));
        assert_refused(&world, &intent, &url, provider.as_str()).await;
        let kept = "SELECT octet_length(raw_payload)::bigint FROM payment_callbacks \
                    WHERE payment_intent_id = $1 AND is_truncated";
        assert_eq!(world.figure(kept, &intent).await, 16_384);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_megabyte_of_query_changes_nothing() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let url = format!("{}?data={}", world.callback_url(&intent), "A".repeat(1_000_000));
    // The server may hang up before the request is sent whole; then there is no answer to read.
    if let Ok(answer) = world.client.get(url).send().await {
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
    assert_eq!(world.intent_status(&intent).await, "awaiting_payment");
    let answer = world.open(&world.at(&format!("/payment/status/{}", intent.id))).await;
    assert_eq!(answer.status(), "awaiting_payment", "and the service goes on");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_id_is_not_found_and_stores_nothing() {
    let world = world().await;
    let khalti = world.shop.intent(Provider::Khalti).await;
    let known_elsewhere = format!("/payment/callback/esewa/{}", khalti.id);
    for path in [
        "/payment/callback/esewa/pi_esewa_00000000000000000000000000?data=e30",
        "/payment/callback/khalti/pi_khalti_00000000000000000000000000?pidx=x",
        "/payment/callback/esewa/%00",
        "/payment/callback/esewa/%ff",
        "/payment/callback/esewa/..%2F..%2Fetc/failure",
        "/payment/callback/paypal/pi_esewa_00000000000000000000000000",
        "/payment/status/pi_esewa_00000000000000000000000000",
        "/payment/status/%00",
        "/payment/status/pi_esewa_00000000000000000000000000/stream",
        known_elsewhere.as_str(),
    ] {
        let answer = world.open(&world.at(path)).await;
        assert_eq!((answer.code.as_u16(), answer.problem_code()), (404, "not_found"), "{path}");
    }
    let stored = world.database.client().await.query_one("SELECT count(*) FROM payment_callbacks", &[]).await;
    assert_eq!(stored.unwrap().get::<_, i64>(0), 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_and_prefetch_change_nothing() {
    let world = world().await;
    for provider in Provider::ALL {
        let intent = world.shop.intent(provider).await;
        let url = world.redirect_after(&intent, "pay").await;
        let head = world.client.head(&url).send().await.unwrap();
        assert!(head.status().is_success());
        for (name, value) in
            [("Sec-Purpose", "prefetch"), ("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch")]
        {
            let prefetched = world.client.get(&url).header(name, value).send().await.unwrap();
            assert_eq!(prefetched.status(), 200);
            let page = prefetched.text().await.unwrap();
            assert!(page.contains(r#"<meta http-equiv="refresh" content="1">"#), "it loads when it is shown");
        }
        assert_eq!(world.callbacks(&intent).await, Vec::<String>::new());
        assert_eq!(world.questions(&intent).await, 0);
        assert_eq!(world.intent_status(&intent).await, "awaiting_payment");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_methods_are_named_as_such() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    for (method, path) in [
        (Method::POST, format!("/payment/callback/esewa/{}", intent.id)),
        (Method::DELETE, format!("/payment/callback/esewa/{}/failure", intent.id)),
        (Method::GET, "/payment/webhook/esewa".to_owned()),
        (Method::POST, format!("/payment/status/{}", intent.id)),
    ] {
        let response = world.client.request(method, world.at(&path)).send().await.unwrap();
        let answer = crate::world::answer_of(response).await;
        assert_eq!((answer.code.as_u16(), answer.problem_code()), (405, "method_not_allowed"), "{path}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_fills_the_table_with_one_id() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let url = format!("{}?data=garbage", world.callback_url(&intent));
    let mut refused = None;
    for _ in 0..250 {
        let response = world.client.get(&url).send().await.unwrap();
        if response.status() == 429 {
            assert!(response.headers().contains_key("retry-after"));
            refused = Some(crate::world::answer_of(response).await);
            break;
        }
        assert_eq!(response.status(), 400);
    }
    assert_eq!(refused.unwrap().problem_code(), "rate_limited");
    assert!(world.callbacks(&intent).await.len() <= 210);
    let other = world.shop.intent(Provider::Esewa).await;
    let url = world.redirect_after(&other, "pay").await;
    assert_eq!(world.open(&url).await.status(), "paid", "other payments do not notice");
    world.finish().await;
}
