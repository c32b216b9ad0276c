//! What a shopper who comes back sets in motion.

use domain::payments::gateway::Provider;
use futures_util::future::join_all;
use serde_json::json;

use crate::world::{world, world_with};

const DUPLICATES: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_made_is_verified_on_both_gateways() {
    let world = world().await;
    for provider in Provider::ALL {
        let intent = world.shop.intent(provider).await;
        let url = world.redirect_after(&intent, "pay").await;
        let answer = world.open(&url).await;
        assert_eq!(answer.code, 200, "{}", answer.body);
        let expected = json!({ "payment_intent_id": intent.id, "status": "paid", "order_number": null });
        assert_eq!(answer.body, expected);
        assert_eq!(world.intent_status(&intent).await, "verified");
        assert_eq!(world.verifications(&intent).await, 1);
        assert_eq!(world.finalize_jobs(&intent).await, 1);
        assert_eq!(world.callbacks(&intent).await, ["return accepted"]);
        let source = "SELECT source FROM payment_gateway_verifications WHERE payment_intent_id = $1";
        assert_eq!(world.text(source, &intent).await, "callback");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_return_fifty_times_at_once_is_one_payment() {
    let world = world().await;
    for provider in Provider::ALL {
        let intent = world.shop.intent(provider).await;
        let url = world.redirect_after(&intent, "pay").await;
        let answers = join_all((0..DUPLICATES).map(|_| world.open(&url))).await;
        for answer in &answers {
            let is_honest = match answer.code.as_u16() {
                200 => answer.status() == "paid",
                202 => answer.status() == "verifying",
                _ => false,
            };
            assert!(is_honest, "{} {}", answer.code, answer.body);
        }
        assert_eq!(world.intent_status(&intent).await, "verified");
        assert_eq!(world.verifications(&intent).await, 1);
        assert_eq!(world.finalize_jobs(&intent).await, 1);
        assert_eq!(world.callbacks(&intent).await.len(), DUPLICATES);
        assert_eq!(world.questions(&intent).await, 1, "one question in two seconds");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_after_the_order_was_made_is_told_of_the_order() {
    let world = world().await;
    for provider in Provider::ALL {
        let intent = world.shop.intent(provider).await;
        let url = world.redirect_after(&intent, "pay").await;
        world.open(&url).await;
        world.make_order(&intent).await;
        world.forget_last_question(&intent).await;
        let answer = world.open(&url).await;
        assert_eq!((answer.code.as_u16(), answer.status()), (200, "confirmed"));
        assert!(answer.body["order_number"].as_str().unwrap().starts_with("ORD-"));
        assert_eq!(world.verifications(&intent).await, 1);
        assert_eq!(world.finalize_jobs(&intent).await, 1);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_failure_redirect_of_a_payment_that_was_made_finds_the_payment() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    world.set_modes(&intent, json!(["redirect_to_failure_though_paid"])).await;
    let url = world.redirect_after(&intent, "pay").await;
    assert!(url.ends_with("/failure"));
    let answer = world.open(&url).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (200, "paid"));
    assert_eq!(world.callbacks(&intent).await, ["failure_return accepted"]);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn khaltis_word_for_failure_is_not_believed_when_the_payment_was_made() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    world.act(&intent, "pay").await;
    let claim = format!("?pidx={}&status=User%20canceled&amount=125050&transaction_id=", intent.reference);
    let answer = world.open(&(world.callback_url(&intent) + &claim)).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (200, "paid"));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_that_claims_success_verifies_nothing_while_the_gateway_says_pending() {
    let world = world().await;
    for provider in Provider::ALL {
        let intent = world.shop.intent(provider).await;
        world.set_modes(&intent, json!(["says_pending"])).await;
        let url = world.redirect_after(&intent, "pay").await;
        let answer = world.open(&url).await;
        assert_eq!((answer.code.as_u16(), answer.status()), (202, "verifying"));
        assert_eq!(world.intent_status(&intent).await, "awaiting_payment");
        assert_eq!(world.verifications(&intent).await, 0);
        assert_eq!(world.finalize_jobs(&intent).await, 0);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_payment_fails_once_the_gateway_says_so() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    let url = world.redirect_after(&intent, "cancel").await;
    let answer = world.open(&url).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (200, "failed"));
    let stock = "SELECT reservation FROM payment_intents WHERE payment_intent_id = $1";
    assert_eq!(world.text(stock, &intent).await, "released");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_return_is_a_question_like_any_other() {
    let world = world().await;
    for provider in Provider::ALL {
        let intent = world.shop.intent(provider).await;
        world.act(&intent, "pay").await;
        let answer = world.open(&world.callback_url(&intent)).await;
        assert_eq!((answer.code.as_u16(), answer.status()), (200, "paid"));
        assert_eq!(world.callbacks(&intent).await, ["return incomplete"]);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_right_after_a_question_waits_for_the_queue_and_brings_it_forward() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let early = world.open(&world.callback_url(&intent)).await;
    assert_eq!(early.status(), "verifying");
    assert!(world.question_due_in(&intent).await > 30.0, "a pending answer keeps to the schedule");
    let url = world.redirect_after(&intent, "pay").await;
    let answer = world.open(&url).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (202, "verifying"));
    assert_eq!(world.questions(&intent).await, 1);
    assert!(world.question_due_in(&intent).await <= 2.0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_of_esewas_return_is_understood() {
    let world = world().await;
    for mode in
        ["amount_as_number", "amount_with_comma", "data_url_safe", "camel_case_answer", "whole_rupee_answer"]
    {
        let intent = world.shop.intent(Provider::Esewa).await;
        world.set_modes(&intent, json!([mode])).await;
        let url = world.redirect_after(&intent, "pay").await;
        let answer = world.open(&url).await;
        assert_eq!((answer.code.as_u16(), answer.status()), (200, "paid"), "{mode}: {}", answer.body);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_go_on_to_the_shop_where_it_has_a_page_of_its_own() {
    let return_url = "https://shop.example/thanks?lang=ne";
    let world = world_with(&[("STOREFRONT__RETURN_URL", return_url)]).await;
    let intent = world.shop.intent(Provider::Khalti).await;
    let url = world.redirect_after(&intent, "pay").await;
    let page = world.browse(&url).await;
    assert_eq!(page.status(), 303);
    let expected = format!("{return_url}&payment_intent_id={}", intent.id);
    assert_eq!(page.headers()["location"], expected.as_str());
    assert_eq!(world.intent_status(&intent).await, "verified");
    assert_eq!(world.open(&url).await.status(), "paid", "programs get JSON all the same");
    world.finish().await;
}
