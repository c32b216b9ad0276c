use sandbox::SandboxSettings;
use serde_json::{Value, json};

use crate::support::{world, world_with};

#[tokio::test]
async fn a_paid_payment_is_complete_with_its_reference() {
    let world = world().await;
    world.open_esewa("paid", "100").await;
    let redirects = world.act("esewa", "paid", "pay").await;
    assert_eq!(redirects.len(), 1);
    let text = world.ask_esewa("paid", "100").await.text().await.unwrap();
    assert!(text.contains(r#""total_amount":100.0"#), "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    let payment = world.payment("esewa", "paid").await;
    assert_eq!(body["status"], "COMPLETE");
    assert_eq!(body["product_code"], "EPAYTEST");
    assert_eq!(body["transaction_uuid"], "paid");
    assert_eq!(body["ref_id"], payment["transaction_id"]);
    assert_eq!(payment["questions"], 1);
    assert_eq!(payment["paid_minor"], 10_000);
}

#[tokio::test]
async fn every_status_has_its_word_and_only_some_a_reference() {
    let world = world().await;
    for (steps, word, named) in [
        (vec![], "PENDING", false),
        (vec!["pending"], "PENDING", false),
        (vec!["ambiguous"], "AMBIGUOUS", true),
        (vec!["pay"], "COMPLETE", true),
        (vec!["cancel"], "CANCELED", true),
        (vec!["expire"], "NOT_FOUND", false),
        (vec!["pay", "refund"], "FULL_REFUND", true),
        (vec!["pay", "partial_refund"], "PARTIAL_REFUND", true),
        (vec!["pay", "reverse"], "CANCELED", true),
    ] {
        let uuid = format!("word-{}", steps.join("-").replace('_', "-"));
        world.open_esewa(&uuid, "100").await;
        for step in &steps {
            world.act("esewa", &uuid, step).await;
        }
        let body = world.esewa_status(&uuid).await;
        assert_eq!(body["status"], word, "{steps:?}");
        assert_eq!(body["ref_id"].is_string(), named, "{steps:?}");
    }
}

#[tokio::test]
async fn a_session_that_ends_is_not_found() {
    let settings = SandboxSettings { esewa_session_seconds: 0, ..SandboxSettings::default() };
    let world = world_with(settings).await;
    world.open_esewa("ended", "100").await;
    assert_eq!(world.esewa_status("ended").await["status"], "NOT_FOUND");
    world.act("esewa", "ended", "pay_late").await;
    assert_eq!(world.esewa_status("ended").await["status"], "COMPLETE");
}

#[tokio::test]
async fn unknown_payments_and_wrong_amounts_are_not_found() {
    let world = world().await;
    let unknown = world.esewa_status("nobody").await;
    assert_eq!(unknown["status"], "NOT_FOUND");
    assert_eq!(unknown["ref_id"], Value::Null);
    world.open_esewa("amount", "100").await;
    world.act("esewa", "amount", "pay").await;
    let wrong = world.ask_esewa("amount", "99").await.json::<Value>().await.unwrap();
    assert_eq!(wrong["status"], "NOT_FOUND");
    world.set_modes("esewa", "amount", &["accepts_any_amount"]).await;
    let tolerated = world.ask_esewa("amount", "99").await.json::<Value>().await.unwrap();
    assert_eq!(tolerated["status"], "COMPLETE");
    assert_eq!(tolerated["total_amount"], 100.0);
}

#[tokio::test]
async fn senseless_questions_are_refused() {
    let world = world().await;
    let path = "/esewa/api/epay/transaction/status/";
    assert_eq!(world.get(path).await.status(), 400);
    assert_eq!(world.ask_esewa("nobody", "1,000").await.status(), 400);
    assert_eq!(world.post(path, json!({})).await.status(), 405);
}

#[tokio::test]
async fn modes_of_the_answer_change_what_is_said_of_a_paid_payment() {
    let world = world().await;
    world.open_esewa("said", "100").await;
    world.act("esewa", "said", "pay").await;
    for (mode, field, value) in [
        ("says_pending", "status", json!("PENDING")),
        ("says_not_found", "status", json!("NOT_FOUND")),
        ("says_ambiguous", "status", json!("AMBIGUOUS")),
        ("says_unknown_word", "status", json!("ON_HOLD")),
        ("answer_wrong_amount", "total_amount", json!(99.0)),
        ("answer_wrong_reference", "transaction_uuid", json!("said-other")),
        ("answer_without_transaction_id", "ref_id", Value::Null),
        ("other_merchant", "product_code", json!("EPAYOTHER")),
    ] {
        world.set_modes("esewa", "said", &[mode]).await;
        assert_eq!(world.esewa_status("said").await[field], value, "{mode}");
    }
}

#[tokio::test]
async fn an_outage_is_200_without_a_status() {
    let world = world().await;
    world.open_esewa("down", "100").await;
    world.set_modes("esewa", "down", &["says_unavailable"]).await;
    let body = world.esewa_status("down").await;
    assert_eq!(body, json!({ "code": 0, "error_message": "Service is currently unavailable" }));
}

#[tokio::test]
async fn the_older_shape_is_camel_case() {
    let world = world().await;
    world.open_esewa("camel", "100").await;
    world.set_modes("esewa", "camel", &["camel_case_answer"]).await;
    let body = world.esewa_status("camel").await;
    let expected = json!({ "pid": "camel", "scd": "EPAYTEST", "totalAmount": 100.0, "status": "PENDING", "refId": null });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn whole_rupees_can_come_without_a_decimal() {
    let world = world().await;
    world.open_esewa("whole", "100").await;
    world.set_modes("esewa", "whole", &["whole_rupee_answer"]).await;
    let text = world.ask_esewa("whole", "100").await.text().await.unwrap();
    assert!(text.contains(r#""total_amount":100,"#), "{text}");
}

#[tokio::test]
async fn a_transaction_id_can_be_that_of_another_payment() {
    let world = world().await;
    world.open_esewa("first", "100").await;
    world.act("esewa", "first", "pay").await;
    world.open_esewa("second", "100").await;
    world.set_modes("esewa", "second", &["reused_transaction_id"]).await;
    world.act("esewa", "second", "pay").await;
    let first = world.esewa_status("first").await;
    assert_eq!(world.esewa_status("second").await["ref_id"], first["ref_id"]);
}
