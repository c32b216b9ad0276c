use serde_json::{Value, json};

use crate::support::{KHALTI_KEY, World, world};

/// A paid payment with these modes: its pidx and the path that refunds it.
async fn paid(world: &World, order: &str, modes: Value) -> (String, String) {
    let pidx = world.open_khalti(order).await;
    world.act("khalti", &pidx, "pay").await;
    world.set_modes_with("khalti", &pidx, modes).await;
    let transaction_id = world.payment("khalti", &pidx).await["transaction_id"].as_str().unwrap().to_owned();
    let path = format!("/khalti/api/merchant-transaction/{transaction_id}/refund/");
    (pidx, path)
}

async fn refunded_minor(world: &World, pidx: &str) -> i64 {
    world.payment("khalti", pidx).await["refunded_minor"].as_i64().unwrap()
}

#[tokio::test]
async fn each_prefix_refunds_everything_for_an_empty_body() {
    let world = world().await;
    for prefix in ["/khalti/api/", "/khalti/api/v2/", "/khalti/api/v2/epayment/"] {
        let (pidx, path) = paid(&world, prefix, json!({ "modes": [] })).await;
        let path = path.replace("/khalti/api/", prefix);
        let call =
            world.client.post(world.at(&path)).header("Authorization", KHALTI_KEY).send().await.unwrap();
        assert_eq!(call.status(), 200, "{prefix}");
        assert_eq!(
            call.json::<Value>().await.unwrap(),
            json!({ "detail": "Transaction refund successful." })
        );
        assert_eq!(world.lookup(&pidx).await.1["status"], "Refunded");
        let again = world.khalti(&path, json!({})).await;
        assert_eq!(again.status(), 400);
        assert_eq!(refunded_minor(&world, &pidx).await, 10_000);
        assert_eq!(world.payment("khalti", &pidx).await["refunds"][0]["through"], "api");
    }
}

#[tokio::test]
async fn parts_are_refunded_up_to_what_was_paid() {
    let world = world().await;
    let (pidx, path) = paid(&world, "parts", json!({ "modes": [] })).await;
    assert_eq!(world.khalti(&path, json!({ "amount": 4_000 })).await.status(), 200);
    assert_eq!(world.lookup(&pidx).await.1["status"], "Partially refunded");
    for amount in [json!(6_001), json!(0), json!(-1), json!("50.00"), json!(1.5)] {
        let refused = world.khalti(&path, json!({ "amount": amount })).await;
        assert_eq!(refused.status(), 400, "{amount}");
        assert!(refused.json::<Value>().await.unwrap()["amount"].is_array(), "{amount}");
    }
    assert_eq!(world.khalti(&path, json!({ "amount": 6_000 })).await.status(), 200);
    assert_eq!(world.lookup(&pidx).await.1["status"], "Refunded");
}

#[tokio::test]
async fn a_bank_payment_is_refunded_to_a_mobile_number() {
    let world = world().await;
    let (pidx, path) = paid(&world, "bank", json!({ "modes": ["paid_by_bank"] })).await;
    let refused = world.khalti(&path, json!({})).await;
    assert_eq!(refused.status(), 400);
    assert!(refused.json::<Value>().await.unwrap()["mobile"].is_array());
    assert_eq!(world.khalti(&path, json!({ "mobile": "9800000000" })).await.status(), 200);
    assert_eq!(refunded_minor(&world, &pidx).await, 10_000);
}

#[tokio::test]
async fn unknown_transactions_and_wrong_keys_are_refused() {
    let world = world().await;
    let (pidx, path) = paid(&world, "keyed", json!({ "modes": [] })).await;
    assert_eq!(world.post(&path, json!({})).await.status(), 401);
    let by_pidx = format!("/khalti/api/merchant-transaction/{pidx}/refund/");
    assert_eq!(world.khalti(&by_pidx, json!({})).await.status(), 404);
    assert_eq!(refunded_minor(&world, &pidx).await, 0);
}

#[tokio::test]
async fn a_refund_can_time_out_done_or_undone() {
    let world = world().await;
    for (mode, refunded) in [("refund_times_out_done", 10_000), ("refund_times_out_undone", 0)] {
        let (pidx, path) = paid(&world, mode, json!({ "modes": [mode], "slow_ms": 50 })).await;
        let call = world.client.post(world.at(&path)).header("Authorization", KHALTI_KEY).send().await;
        let heard = match call {
            Ok(answer) => answer.bytes().await.map(|body| body.len()),
            Err(error) => Err(error),
        };
        assert!(heard.is_err(), "{mode}");
        assert_eq!(refunded_minor(&world, &pidx).await, refunded, "{mode}");
    }
}

#[tokio::test]
async fn a_refund_can_be_refused_fail_or_lie() {
    let world = world().await;
    for (mode, code) in
        [("refund_refused", 400), ("refund_server_error", 503), ("refund_claimed_undone", 200)]
    {
        let (pidx, path) = paid(&world, mode, json!({ "modes": [mode] })).await;
        assert_eq!(world.khalti(&path, json!({})).await.status(), code, "{mode}");
        assert_eq!(refunded_minor(&world, &pidx).await, 0, "{mode}");
        assert_eq!(world.lookup(&pidx).await.1["status"], "Completed", "{mode}");
    }
}
