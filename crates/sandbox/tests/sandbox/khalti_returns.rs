use serde_json::json;

use crate::support::{World, initiation, parameters, world};

async fn acted(world: &World, order: &str, modes: &[&str], action: &str) -> (String, String) {
    let pidx = world.open_khalti(order).await;
    world.set_modes("khalti", &pidx, modes).await;
    let redirect = world.act("khalti", &pidx, action).await.remove(0);
    (pidx, redirect)
}

#[tokio::test]
async fn a_payer_returns_with_every_documented_parameter() {
    let world = world().await;
    let (pidx, redirect) = acted(&world, "order-1", &[], "pay").await;
    assert!(redirect.starts_with("https://shop.example/khalti/return?pidx="));
    let told = parameters(&redirect);
    let transaction_id = world.payment("khalti", &pidx).await["transaction_id"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("pidx", pidx.as_str()),
        ("status", "Completed"),
        ("transaction_id", &transaction_id),
        ("tidx", &transaction_id),
        ("txnId", &transaction_id),
        ("amount", "10000"),
        ("total_amount", "10000"),
        ("mobile", "98XXXXX904"),
        ("purchase_order_id", "order-1"),
        ("purchase_order_name", "Two books"),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
}

#[tokio::test]
async fn whoever_cancels_returns_with_blanks() {
    let world = world().await;
    let (_, redirect) = acted(&world, "cancelled", &[], "cancel").await;
    assert!(redirect.contains("status=User%20canceled"));
    let told = parameters(&redirect);
    for name in ["transaction_id", "tidx", "mobile"] {
        assert_eq!(told[name], "", "{name}");
    }
    assert!(!told.contains_key("txnId"));
    let (_, redirect) = acted(&world, "plus", &["redirect_plus_for_space"], "cancel").await;
    assert!(redirect.contains("status=User+canceled"));
}

#[tokio::test]
async fn pending_and_failed_payers_return_too() {
    let world = world().await;
    for (action, word) in [("pending", "Pending"), ("fail", "Failed")] {
        let (_, redirect) = acted(&world, action, &[], action).await;
        assert_eq!(parameters(&redirect)["status"], word);
    }
}

#[tokio::test]
async fn unsigned_returns_can_say_anything() {
    let world = world().await;
    let (_, redirect) = acted(&world, "tampered", &["redirect_tampers_amount"], "pay").await;
    assert_eq!(parameters(&redirect)["amount"], "10100");
    let (_, redirect) = acted(&world, "bare", &["redirect_bare"], "pay").await;
    assert_eq!(redirect, "https://shop.example/khalti/return?message=Could%20not%20process%20the%20payment.");
    let (_, redirect) = acted(&world, "unknown", &["redirect_unknown_word"], "pay").await;
    assert_eq!(parameters(&redirect)["status"], "On hold");
    let (pidx, redirect) = acted(&world, "claim", &["redirect_claims_paid"], "cancel").await;
    assert_eq!(parameters(&redirect)["status"], "Completed");
    assert_eq!(world.lookup(&pidx).await.1["status"], "User canceled");
}

#[tokio::test]
async fn another_payments_parameters_arrive_at_this_payments_url() {
    let world = world().await;
    let (victim, _) = acted(&world, "victim", &[], "pay").await;
    let mut request = initiation("thief");
    request["return_url"] = json!("https://shop.example/khalti/thief?step=1");
    world.set_modes("khalti", "thief", &["redirect_foreign_payload"]).await;
    world.khalti("/khalti/api/v2/epayment/initiate/", request).await;
    let redirect = world.act("khalti", "thief", "pay").await.remove(0);
    assert!(redirect.starts_with("https://shop.example/khalti/thief?step=1&pidx="));
    assert_eq!(parameters(&redirect)["pidx"], victim);
}
