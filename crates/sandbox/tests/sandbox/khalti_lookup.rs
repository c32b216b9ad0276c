use sandbox::SandboxSettings;
use serde_json::{Value, json};

use crate::support::{world, world_with};

const PATH: &str = "/khalti/api/v2/epayment/lookup/";

#[tokio::test]
async fn a_paid_payment_is_completed() {
    let world = world().await;
    let pidx = world.open_khalti("paid").await;
    world.act("khalti", &pidx, "pay").await;
    let payment = world.payment("khalti", &pidx).await;
    let expected = json!({
        "pidx": pidx,
        "total_amount": 10_000,
        "status": "Completed",
        "transaction_id": payment["transaction_id"],
        "fee": 0,
        "refunded": false,
    });
    assert_eq!(world.lookup(&pidx).await, (200, expected));
}

#[tokio::test]
async fn every_status_has_its_word_its_code_and_its_transaction_id() {
    let world = world().await;
    for (steps, code, word, named, refunded) in [
        (vec![], 200, "Initiated", false, false),
        (vec!["pending"], 200, "Pending", false, false),
        (vec!["pay"], 200, "Completed", true, false),
        (vec!["pay", "refund"], 200, "Refunded", true, true),
        (vec!["pay", "partial_refund"], 200, "Partially refunded", true, false),
        (vec!["expire"], 400, "Expired", false, false),
        (vec!["cancel"], 400, "User canceled", false, false),
        (vec!["fail"], 400, "Failed", false, false),
        (vec!["pay", "reverse"], 400, "Canceled", false, false),
    ] {
        let pidx = world.open_khalti(&format!("word-{}", steps.join("-"))).await;
        for step in &steps {
            world.act("khalti", &pidx, step).await;
        }
        let (answered, body) = world.lookup(&pidx).await;
        assert_eq!((answered, body["status"].as_str().unwrap()), (code, word));
        assert_eq!(body["transaction_id"].is_string(), named, "{word}");
        assert_eq!(body["refunded"], refunded, "{word}");
    }
}

#[tokio::test]
async fn an_unpaid_answer_can_have_the_observed_shape() {
    let world = world().await;
    let pidx = world.open_khalti("observed").await;
    world.set_modes("khalti", &pidx, &["khalti_error_shape"]).await;
    assert_eq!(world.lookup(&pidx).await.1["refunded"], false);
    world.act("khalti", &pidx, "cancel").await;
    let expected = json!({
        "pidx": pidx,
        "total_amount": 10_000,
        "status": "User canceled",
        "transaction_id": null,
        "fee": 0,
        "error_key": "khalti_error",
    });
    assert_eq!(world.lookup(&pidx).await, (400, expected));
}

#[tokio::test]
async fn a_link_nobody_paid_expires_by_itself() {
    let settings = SandboxSettings { khalti_link_seconds: 0, ..SandboxSettings::default() };
    let world = world_with(settings).await;
    let pidx = world.open_khalti("expired").await;
    assert_eq!(world.lookup(&pidx).await.1["status"], "Expired");
}

#[tokio::test]
async fn an_unknown_pidx_is_404_in_either_shape() {
    let world = world().await;
    let documented = json!({ "detail": "Not found.", "error_key": "validation_error" });
    assert_eq!(world.lookup("nobody").await, (404, documented.clone()));
    world.put("/control/defaults", json!({ "modes": ["not_found_status_code_shape"] })).await;
    assert_eq!(world.lookup("nobody").await, (404, json!({ "detail": "Not found.", "status_code": 404 })));
    let pidx = world.open_khalti("lost").await;
    world.set_modes("khalti", &pidx, &["says_not_found"]).await;
    assert_eq!(world.lookup(&pidx).await, (404, documented));
    assert_eq!(world.lookup("lost").await.0, 404, "a purchase order is no pidx");
}

#[tokio::test]
async fn modes_of_the_answer_change_what_is_said_of_a_paid_payment() {
    let world = world().await;
    let pidx = world.open_khalti("said").await;
    world.act("khalti", &pidx, "pay").await;
    for (mode, field, value) in [
        ("says_pending", "status", json!("Pending")),
        ("says_initiated", "status", json!("Initiated")),
        ("says_unknown_word", "status", json!("Frozen")),
        ("answer_wrong_amount", "total_amount", json!(5)),
        ("answer_without_transaction_id", "transaction_id", Value::Null),
    ] {
        let modes = json!({ "modes": [mode], "status_word": "Frozen", "answer_amount_minor": 5 });
        world.set_modes_with("khalti", &pidx, modes).await;
        assert_eq!(world.lookup(&pidx).await.1[field], value, "{mode}");
    }
    world.set_modes("khalti", &pidx, &["answer_wrong_reference"]).await;
    assert_ne!(world.lookup(&pidx).await.1["pidx"], pidx.as_str());
    world.act("khalti", &pidx, "partial_refund").await;
    world.set_modes("khalti", &pidx, &["title_case_partial_refund"]).await;
    assert_eq!(world.lookup(&pidx).await.1["status"], "Partially Refunded");
}

#[tokio::test]
async fn a_revoked_key_and_senseless_questions_are_refused() {
    let world = world().await;
    let pidx = world.open_khalti("revoked").await;
    world.set_modes("khalti", &pidx, &["invalid_token"]).await;
    assert_eq!(world.lookup(&pidx).await, (401, json!({ "detail": "Invalid token.", "status_code": 401 })));
    assert_eq!(world.khalti(PATH, json!({})).await.status(), 400);
    assert_eq!(world.khalti(PATH, json!({ "pidx": "" })).await.status(), 400);
    assert_eq!(world.post(PATH, json!({ "pidx": pidx })).await.status(), 401);
    assert_eq!(world.get(PATH).await.status(), 405);
}

#[tokio::test]
async fn a_transaction_id_can_be_that_of_another_payment() {
    let world = world().await;
    let first = world.open_khalti("first").await;
    world.act("khalti", &first, "pay").await;
    let second = world.open_khalti("second").await;
    world.set_modes("khalti", &second, &["reused_transaction_id"]).await;
    world.act("khalti", &second, "pay").await;
    let id = world.lookup(&first).await.1["transaction_id"].clone();
    assert_eq!(world.lookup(&second).await.1["transaction_id"], id);
}
