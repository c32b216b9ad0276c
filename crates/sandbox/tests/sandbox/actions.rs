use serde_json::{Value, json};

use crate::support::world;

#[tokio::test]
async fn returns_are_delivered_as_often_as_the_modes_say() {
    let world = world().await;
    for (mode, times) in [("redirect_never", 0), ("redirect_twice", 2), ("redirect_many", 7)] {
        let uuid = mode.replace('_', "-");
        world.open_esewa(&uuid, "100").await;
        world.set_modes_with("esewa", &uuid, json!({ "modes": [mode], "redirect_count": 7 })).await;
        let redirects = world.act("esewa", &uuid, "pay").await;
        assert_eq!(redirects.len(), times, "{mode}");
        assert!(redirects.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(world.payment("esewa", &uuid).await["redirects_delivered"], times);
        assert_eq!(world.payment("esewa", &uuid).await["status"], "paid");
    }
}

#[tokio::test]
async fn a_late_return_waits_until_it_is_delivered_and_can_be_repeated() {
    let world = world().await;
    let pidx = world.open_khalti("late").await;
    world.set_modes("khalti", "late", &["redirect_late"]).await;
    assert!(world.act("khalti", &pidx, "pay").await.is_empty());
    assert_eq!(world.payment("khalti", &pidx).await["redirects_held"], 1);
    let delivered = world.act("khalti", &pidx, "deliver").await;
    assert!(delivered[0].contains("status=Completed"));
    assert_eq!(world.act("khalti", &pidx, "deliver").await, delivered);
    assert_eq!(world.payment("khalti", &pidx).await["redirects_delivered"], 2);
}

#[tokio::test]
async fn late_payment_follows_expiry_cancellation_and_failure() {
    let world = world().await;
    for end in ["expire", "cancel", "fail"] {
        let pidx = world.open_khalti(end).await;
        world.act("khalti", &pidx, end).await;
        let refused = world.post(&format!("/control/payments/khalti/{pidx}/pay"), json!({})).await;
        assert_eq!(refused.status(), 409, "{end}");
        assert_eq!(world.act("khalti", &pidx, "pay_late").await.len(), 1);
        assert_eq!(world.lookup(&pidx).await.1["status"], "Completed");
    }
}

#[tokio::test]
async fn paying_twice_charges_twice_under_two_transaction_ids() {
    let world = world().await;
    world.open_esewa("twice", "100").await;
    let redirects = world.act("esewa", "twice", "pay_twice").await;
    assert_eq!(redirects.len(), 2);
    assert_ne!(redirects[0], redirects[1]);
    let payment = world.payment("esewa", "twice").await;
    assert_eq!(payment["paid_minor"], 20_000);
    assert_ne!(payment["charges"][0]["transaction_id"], payment["charges"][1]["transaction_id"]);
    let told = world.esewa_status("twice").await["ref_id"].clone();
    assert_eq!(told, payment["charges"][1]["transaction_id"]);
    world.act("esewa", "twice", "pay_twice").await;
    assert_eq!(world.payment("esewa", "twice").await["paid_minor"], 30_000);
}

#[tokio::test]
async fn leaving_changes_nothing_and_leads_nowhere() {
    let world = world().await;
    world.open_esewa("left", "100").await;
    assert!(world.act("esewa", "left", "leave").await.is_empty());
    assert_eq!(world.esewa_status("left").await["status"], "PENDING");
}

#[tokio::test]
async fn an_outage_begins_and_ends_by_action() {
    let world = world().await;
    world.open_esewa("out", "100").await;
    world.act("esewa", "out", "outage").await;
    assert_eq!(world.esewa_status("out").await["code"], 0);
    world.act("esewa", "out", "recover").await;
    assert_eq!(world.esewa_status("out").await["status"], "PENDING");
    let pidx = world.open_khalti("out").await;
    world.act("khalti", &pidx, "outage").await;
    let answer = world.khalti("/khalti/api/v2/epayment/lookup/", json!({ "pidx": pidx })).await;
    assert_eq!(answer.status(), 503);
}

#[tokio::test]
async fn portal_refunds_are_booked_up_to_what_was_paid() {
    let world = world().await;
    world.open_esewa("portal", "100").await;
    world.act("esewa", "portal", "pay").await;
    let path = "/control/payments/esewa/portal/partial_refund";
    let refund: Value = world.post(path, json!({ "amount_minor": 4_000 })).await.json().await.unwrap();
    assert_eq!(refund["payment"]["refunded_minor"], 4_000);
    assert_eq!(world.post(path, json!({ "amount_minor": 6_001 })).await.status(), 400);
    assert!(world.act("esewa", "portal", "refund").await.is_empty());
    let payment = world.payment("esewa", "portal").await;
    assert_eq!(payment["refunded_minor"], 10_000);
    assert_eq!(payment["refunds"][0]["through"], "portal");
    assert_eq!(payment["status"], "refunded");
}

#[tokio::test]
async fn actions_are_refused_where_they_make_no_sense() {
    let world = world().await;
    let pidx = world.open_khalti("refused").await;
    world.open_esewa("refused", "100").await;
    for (path, code) in [
        (format!("khalti/{pidx}/ambiguous"), 400),
        ("esewa/refused/fail".to_owned(), 400),
        ("esewa/refused/refund".to_owned(), 409),
        ("esewa/refused/reverse".to_owned(), 409),
        ("esewa/refused/dance".to_owned(), 404),
        ("esewa/nobody/pay".to_owned(), 404),
    ] {
        let answer = world.post(&format!("/control/payments/{path}"), json!({})).await;
        assert_eq!(answer.status(), code, "{path}");
        assert!(answer.json::<Value>().await.unwrap()["error"].is_string(), "{path}");
    }
}
