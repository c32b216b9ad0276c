//! Tokens that are not what they should be, and an issuer that is away.

use pipeline_tests::{Program, Provider};
use reqwest::Method;
use serde_json::json;

use crate::world::{World, until};

const TOKEN_MODES: [&str; 9] = [
    "token_expired",
    "token_unsigned",
    "token_wrong_issuer",
    "token_wrong_audience",
    "token_foreign_key",
    "token_unknown_kid",
    "token_hs256",
    "token_without_subject",
    "token_without_expiry",
];

pub(super) fn driven() -> impl Iterator<Item = (String, String)> {
    let modes = TOKEN_MODES.into_iter().chain(["jwks_unavailable"]);
    modes.map(|mode| (mode.to_owned(), "identity".to_owned()))
}

#[tokio::test]
async fn a_token_that_is_not_what_it_should_be_opens_nothing() {
    let world = World::start().await;
    let (shopper, checkout) = world.buy(Provider::Esewa).await;
    // The worker goes on with its own jobs meanwhile.
    let before = world.fingerprint(&["job_queue"]).await;
    let status = format!("/api/orders/check-status?payment_intent_id={}", checkout.payment_intent_id);
    for mode in TOKEN_MODES {
        let wanted = json!({ "sub": shopper.user_id(), "audience": "storefront", "modes": [mode] });
        let token = world.pipeline.sandbox().token(&wanted).await.unwrap();
        let intruder = shopper.clone().with_token(&token);
        let version = json!({ "quantity": 1 });
        let put = intruder.request(Method::PUT, "/api/cart/items/any").json(&version);
        let requests = [
            intruder.request(Method::GET, "/api/cart"),
            put,
            intruder.request(Method::GET, "/api/orders"),
            intruder.request(Method::GET, &status),
        ];
        for request in requests {
            let refused = intruder.send(request).await.unwrap();
            assert_eq!(
                (refused.status.as_u16(), refused.code().as_str()),
                (401, "unauthenticated"),
                "{mode}: {}",
                refused.text
            );
            assert!(refused.headers.contains_key("www-authenticate"), "{mode}");
        }
    }
    assert_eq!(world.fingerprint(&["job_queue"]).await, before);
    world.close().await;
}

#[tokio::test]
async fn an_issuer_that_is_away_gives_503_until_it_is_back() {
    let mut world = World::start().await;
    let sandbox = world.pipeline.sandbox();
    let variant = world.variant().await;
    let shopper = world.shopper_with(&[(&variant, 1)]).await;
    sandbox.set_defaults(&json!({ "modes": ["jwks_unavailable"] })).await.unwrap();
    // A process that has never seen the keys.
    world.pipeline.terminate(Program::CheckoutApi).await.unwrap();
    world.pipeline.restart(Program::CheckoutApi).await.unwrap();
    let shopper = world.pipeline.shopper(shopper.user_id()).await.unwrap();
    let refused = shopper.send(shopper.request(Method::GET, "/api/cart")).await.unwrap();
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (503, "service_unavailable"),
        "{}",
        refused.text
    );
    assert!(refused.headers.contains_key("retry-after"));

    sandbox.set_defaults(&json!({ "modes": [] })).await.unwrap();
    until("the issuer's keys are found again", async || shopper.cart().await.ok()).await;
    let checkout = shopper.checkout(Provider::Esewa).await.unwrap();
    shopper.pay(&checkout).await.unwrap();
    world.await_client_status(&shopper, &checkout, "confirmed").await;
    world.close().await;
}
