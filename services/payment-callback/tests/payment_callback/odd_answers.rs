//! Answers that are not as they should be go to a person, once.

use domain::payments::gateway::Provider;
use serde_json::json;

use crate::{
    shop::Intent,
    world::{World, world},
};

async fn assert_one_case(world: &World, intent: &Intent, kind: &str) {
    assert_eq!(world.intent_status(intent).await, "under_review", "{kind}");
    let cases =
        "SELECT string_agg(kind || ' ' || status, ', ') FROM review_cases WHERE payment_intent_id = $1";
    assert_eq!(world.text(cases, intent).await, format!("{kind} open"));
    let orders = "SELECT count(*) FROM orders WHERE payment_intent_id = $1";
    assert_eq!(world.figure(orders, intent).await, 0, "{kind}");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_open_one_case_however_often_they_come() {
    let world = world().await;
    for provider in Provider::ALL {
        for (mode, kind) in [
            ("answer_wrong_amount", "amount_mismatch"),
            ("says_unknown_word", "unknown_status"),
            ("answer_without_transaction_id", "unknown_status"),
        ] {
            let intent = world.shop.intent(provider).await;
            world.set_modes(&intent, json!([mode])).await;
            let url = world.redirect_after(&intent, "pay").await;
            for _ in 0..2 {
                let answer = world.open(&url).await;
                assert_eq!((answer.code.as_u16(), answer.status()), (200, "under_review"), "{mode}");
                world.forget_last_question(&intent).await;
            }
            assert_one_case(&world, &intent, kind).await;
        }
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_pays_for_one_intent_only() {
    let world = world().await;
    for provider in Provider::ALL {
        let first = world.shop.intent(provider).await;
        let url = world.redirect_after(&first, "pay").await;
        assert_eq!(world.open(&url).await.status(), "paid");
        let second = world.shop.intent(provider).await;
        let modes = json!({ "modes": ["reused_transaction_id"], "other_reference": first.reference });
        world.set_modes(&second, modes).await;
        let url = world.redirect_after(&second, "pay").await;
        assert_eq!(world.open(&url).await.status(), "under_review");
        assert_one_case(&world, &second, "transaction_reused").await;
        assert_eq!(world.intent_status(&first).await, "verified");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_made_at_the_gateway_is_seen() {
    let world = world().await;
    for provider in Provider::ALL {
        let intent = world.shop.intent(provider).await;
        let url = world.redirect_after(&intent, "pay").await;
        assert_eq!(world.open(&url).await.status(), "paid");
        world.act(&intent, "refund").await;
        world.forget_last_question(&intent).await;
        let answer = world.open(&url).await;
        assert_eq!((answer.code.as_u16(), answer.status()), (200, "refunded"));
        let refunds = "SELECT sum(amount_minor)::bigint FROM refunds WHERE payment_intent_id = $1 AND status = 'succeeded'";
        assert_eq!(world.figure(refunds, &intent).await, crate::shop::AMOUNT_MINOR);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_refund_goes_to_a_person() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    let url = world.redirect_after(&intent, "pay").await;
    world.act(&intent, "partial_refund").await;
    assert_eq!(world.open(&url).await.status(), "under_review");
    assert_one_case(&world, &intent, "partial_refund").await;
    world.finish().await;
}
