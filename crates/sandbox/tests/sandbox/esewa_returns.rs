use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{World, esewa_form, payload, signature, signed_message, world};

async fn paid_with(world: &World, uuid: &str, modes: &[&str]) -> Vec<String> {
    world.open_esewa(uuid, "2700").await;
    world.set_modes("esewa", uuid, modes).await;
    world.act("esewa", uuid, "pay").await
}

async fn verified(world: &World, uuid: &str, modes: &[&str], amount: &str) -> (Value, bool) {
    let payload = payload(&paid_with(world, uuid, modes).await[0]);
    let genuine = payload["signature"] == signature(&signed_message(&payload, amount));
    (payload, genuine)
}

#[tokio::test]
async fn a_payer_returns_with_signed_data() {
    let world = world().await;
    let (payload, genuine) = verified(&world, "signed", &[], "2700.0").await;
    assert!(genuine);
    assert_eq!(payload["total_amount"], "2700.0");
    assert_eq!(payload["status"], "COMPLETE");
    assert_eq!(payload["transaction_uuid"], "signed");
    assert_eq!(payload["transaction_code"], world.payment("esewa", "signed").await["transaction_id"]);
}

#[tokio::test]
async fn the_amount_is_spelled_in_three_ways_over_one_signed_text() {
    let world = world().await;
    let (number, genuine) = verified(&world, "number", &["amount_as_number"], "2700.0").await;
    assert!(genuine && number["total_amount"].is_number());
    let (comma, genuine) = verified(&world, "comma", &["amount_with_comma"], "2700.0").await;
    assert!(genuine);
    assert_eq!(comma["total_amount"], "2,700.0");
}

#[tokio::test]
async fn tampered_returns_do_not_verify() {
    let world = world().await;
    let (amount, genuine) = verified(&world, "amount", &["redirect_tampers_amount"], "2701.0").await;
    assert!(!genuine);
    assert_eq!(amount["total_amount"], "2701.0");
    assert_eq!(amount["signature"], signature(&signed_message(&amount, "2700.0")));
    let (_, genuine) = verified(&world, "signature", &["tampered_signature"], "2700.0").await;
    assert!(!genuine);
    let (short, _) = verified(&world, "short", &["short_signature"], "2700.0").await;
    assert_eq!(short["signature"].as_str().unwrap().len(), 8);
}

#[tokio::test]
async fn validly_signed_returns_can_still_prove_nothing() {
    let world = world().await;
    let (few, genuine) = verified(&world, "few", &["too_few_signed_fields"], "2700.0").await;
    assert!(genuine);
    assert_eq!(few["signed_field_names"], "transaction_code,status,signed_field_names");
    let (other, genuine) = verified(&world, "other", &["other_merchant"], "2700.0").await;
    assert!(genuine);
    assert_eq!(other["product_code"], "EPAYOTHER");
}

#[tokio::test]
async fn another_payments_genuine_payload_arrives_at_this_payments_url() {
    let world = world().await;
    world.open_esewa("lonely", "100").await;
    world.set_modes("esewa", "lonely", &["redirect_foreign_payload"]).await;
    let refused = world.post("/control/payments/esewa/lonely/pay", json!({})).await;
    assert_eq!(refused.status(), 409);
    assert_eq!(world.payment("esewa", "lonely").await["status"], "initiated");

    paid_with(&world, "victim", &[]).await;
    paid_with(&world, "latest", &[]).await;
    let modes = json!({ "modes": ["redirect_foreign_payload"], "other_reference": "victim" });
    world.set_modes_with("esewa", "lonely", modes).await;
    let redirect = world.act("esewa", "lonely", "pay").await.remove(0);
    let payload = payload(&redirect);
    assert!(redirect.starts_with("https://shop.example/esewa/success?data="));
    assert_eq!(payload["transaction_uuid"], "victim");
    assert_eq!(payload["signature"], signature(&signed_message(&payload, "2700.0")));
}

#[tokio::test]
async fn data_can_be_url_safe_unreadable_or_missing() {
    let world = world().await;
    let redirect = paid_with(&world, "safe", &["data_url_safe"]).await.remove(0);
    let data = redirect.split_once("?data=").unwrap().1;
    assert!(!data.contains('='));
    assert!(URL_SAFE_NO_PAD.decode(data).is_ok());
    let redirect = paid_with(&world, "unreadable", &["data_unreadable"]).await.remove(0);
    assert_eq!(redirect, "https://shop.example/esewa/success?data=!not-base64!");
    let redirect = paid_with(&world, "bare", &["redirect_bare"]).await.remove(0);
    assert_eq!(redirect, "https://shop.example/esewa/success");
}

#[tokio::test]
async fn a_success_url_with_a_query_gets_a_second_question_mark() {
    let world = world().await;
    let mut form = esewa_form("query", "100");
    form.insert("success_url".to_owned(), "https://shop.example/success?q=su".to_owned());
    assert_eq!(world.submit(&form).await.status(), 302);
    let redirect = world.act("esewa", "query", "pay").await.remove(0);
    assert!(redirect.starts_with("https://shop.example/success?q=su?data="));
}

#[tokio::test]
async fn whoever_did_not_pay_goes_to_the_bare_failure_url() {
    let world = world().await;
    for action in ["cancel", "pending", "ambiguous"] {
        world.open_esewa(action, "100").await;
        assert_eq!(world.act("esewa", action, action).await, ["https://shop.example/esewa/failure"]);
    }
    let redirects = paid_with(&world, "misled", &["redirect_to_failure_though_paid"]).await;
    assert_eq!(redirects, ["https://shop.example/esewa/failure"]);
    assert_eq!(world.payment("esewa", "misled").await["status"], "paid");
}

#[tokio::test]
async fn a_return_can_claim_a_payment_that_was_cancelled() {
    let world = world().await;
    world.open_esewa("claim", "100").await;
    world.set_modes("esewa", "claim", &["redirect_claims_paid"]).await;
    let payload = payload(&world.act("esewa", "claim", "cancel").await[0]);
    assert_eq!(payload["status"], "COMPLETE");
    assert_eq!(world.esewa_status("claim").await["status"], "CANCELED");
}
