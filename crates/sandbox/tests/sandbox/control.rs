use std::time::Duration;

use serde_json::{Value, json};

use crate::support::world;

/// Shorter than the client's own patience, so that a cut connection is told from a time-out.
const STOP_WAIT_MAX: Duration = Duration::from_secs(5);

/// Everything below this folder that could use a mode.
const TESTS: [&str; 10] = [
    include_str!("actions.rs"),
    include_str!("answer_faults.rs"),
    include_str!("esewa_form.rs"),
    include_str!("esewa_returns.rs"),
    include_str!("esewa_status.rs"),
    include_str!("identity.rs"),
    include_str!("khalti_initiate.rs"),
    include_str!("khalti_lookup.rs"),
    include_str!("khalti_refund.rs"),
    include_str!("khalti_returns.rs"),
];

#[tokio::test]
async fn every_mode_and_action_is_listed_described_and_tested() {
    let world = world().await;
    let listed: Value = world.get("/control/modes").await.json().await.unwrap();
    for list in ["modes", "actions"] {
        let entries = listed[list].as_array().unwrap();
        assert!(!entries.is_empty());
        for entry in entries {
            let name = entry["name"].as_str().unwrap();
            assert!(entry["description"].as_str().unwrap().ends_with('.'), "{name}");
            assert!(!entry["providers"].as_array().unwrap().is_empty(), "{name}");
            let quoted = format!("\"{name}\"");
            assert!(TESTS.iter().any(|test| test.contains(&quoted)), "no test uses {name}");
        }
    }
}

#[tokio::test]
async fn defaults_hold_for_future_payments_each_with_what_fits() {
    let world = world().await;
    let before = world.open_khalti("before").await;
    let modes = json!({ "modes": ["redirect_twice", "invalid_token", "camel_case_answer"], "slow_ms": 5 });
    assert_eq!(world.put("/control/defaults", modes.clone()).await.status(), 200);
    let mut read: Value = world.get("/control/defaults").await.json().await.unwrap();
    read["modes"].as_array_mut().unwrap().sort_by_key(Value::to_string);
    assert_eq!(read["slow_ms"], 5);
    assert_eq!(read["modes"].as_array().unwrap().len(), 3);
    world.open_esewa("after", "100").await;
    let modes = world.payment("esewa", "after").await["modes"]["modes"].clone();
    assert_eq!(modes, json!(["redirect_twice", "camel_case_answer"]));
    assert_eq!(world.payment("khalti", &before).await["modes"]["modes"], json!([]));
}

#[tokio::test]
async fn modes_set_ahead_hold_instead_of_the_defaults() {
    let world = world().await;
    world.put("/control/defaults", json!({ "modes": ["redirect_never"] })).await;
    world.set_modes("esewa", "ahead", &["redirect_twice"]).await;
    world.set_modes("khalti", "order-7", &["redirect_many"]).await;
    world.open_esewa("ahead", "100").await;
    let pidx = world.open_khalti("order-7").await;
    assert_eq!(world.act("esewa", "ahead", "pay").await.len(), 2);
    assert_eq!(world.act("khalti", &pidx, "pay").await.len(), 5);
}

#[tokio::test]
async fn senseless_modes_are_refused() {
    let world = world().await;
    for (path, body) in [
        ("/control/defaults", json!({ "modes": ["nonsense"] })),
        ("/control/defaults", json!({ "modes": [], "unheard_of": 1 })),
        ("/control/defaults", json!({ "modes": [], "slow_ms": 120_001 })),
        ("/control/defaults", json!({ "modes": [], "redirect_count": 101 })),
        ("/control/payments/esewa/x/modes", json!({ "modes": ["says_initiated"] })),
        ("/control/payments/khalti/x/modes", json!({ "modes": ["amount_as_number"] })),
    ] {
        let answer = world.put(path, body.clone()).await;
        assert_eq!(answer.status(), 400, "{body}");
        assert!(answer.json::<Value>().await.unwrap()["error"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn the_ledger_lists_the_latest_first_and_finds_by_purchase_order() {
    let world = world().await;
    world.open_esewa("a", "100").await;
    let first = world.open_khalti("order-1").await;
    let second = world.open_khalti("order-1").await;
    assert_ne!(first, second);
    let listed: Value = world.get("/control/payments").await.json().await.unwrap();
    let references: Vec<_> =
        listed["payments"].as_array().unwrap().iter().map(|entry| &entry["reference"]).collect();
    assert_eq!(references, [&json!(second), &json!(first), &json!("a")]);
    assert_eq!(world.payment("khalti", "order-1").await["reference"], second.as_str());
    assert_eq!(world.get("/control/payments/khalti/nobody").await.status(), 404);
}

#[tokio::test]
async fn the_sandbox_says_where_it_is() {
    let world = world().await;
    let url = world.sandbox.url();
    assert_eq!(world.get("/livez").await.status(), 200);
    assert!(world.sandbox.announcement().contains(&format!("jwks={url}/identity/.well-known/jwks.json")));
    assert!(!world.sandbox.announcement().contains('\n'));
}

#[tokio::test]
async fn stopping_does_not_wait_for_slow_answers() {
    let world = world().await;
    world.open_esewa("slow", "100").await;
    world.set_modes_with("esewa", "slow", json!({ "modes": ["answer_slow"], "slow_ms": 60_000 })).await;
    let path =
        "/esewa/api/epay/transaction/status/?product_code=EPAYTEST&total_amount=100&transaction_uuid=slow";
    let question = tokio::spawn(world.client.get(world.at(path)).send());
    let arrived = async {
        while world.payment("esewa", "slow").await["questions"] == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(STOP_WAIT_MAX, arrived).await.unwrap();
    tokio::time::timeout(STOP_WAIT_MAX, world.sandbox.stop()).await.unwrap();
    let heard = tokio::time::timeout(STOP_WAIT_MAX, question).await.unwrap().unwrap();
    assert!(heard.is_err());
}
