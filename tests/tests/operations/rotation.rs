//! Keys that change while everything runs.

use pipeline_tests::Provider;
use reqwest::StatusCode;
use serde_json::json;

use crate::world::{SOON, World, pay, until};

#[tokio::test]
async fn an_issuers_new_key_is_accepted_without_a_restart_and_the_one_before_stays_good() {
    let world = World::start_with(&[]).await;
    let (early, begun) = world.checkout(Provider::Esewa).await;
    let rotate = format!("{}/control/identity/rotate", world.pipeline.sandbox_url());
    let rotated = world.pipeline.http().post(rotate).json(&json!({ "keep_previous": true })).send().await;
    assert_eq!(rotated.unwrap().status(), StatusCode::OK);
    let late = world.pipeline.shopper("guest-with-the-new-key").await.unwrap();
    until("a token signed with the new key is accepted", async || late.cart().await.ok()).await;
    pay(&early, &begun).await;
    early.await_status(&begun.payment_intent_id, "confirmed", SOON).await.unwrap();
    world.buy(Provider::Khalti).await;
    world.close().await;
}
