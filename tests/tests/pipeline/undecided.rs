//! Payments that nobody decides in time.

use pipeline_tests::Provider;
use serde_json::json;

use crate::world::{World, until};

#[tokio::test]
async fn a_payment_that_stays_undecided_is_shown_to_a_person_and_decided_by_a_later_answer() {
    let world = World::start_with(&[("RECONCILE__GIVE_UP_SECONDS", "2")]).await;
    let sandbox = world.pipeline.sandbox();
    let mut waiting = Vec::new();
    for provider in Provider::ALL {
        let (shopper, checkout) = world.checkout(provider).await;
        shopper.open_payment_page(&checkout).await.unwrap();
        sandbox.set_modes(&checkout, &json!({ "modes": ["says_pending"] })).await.unwrap();
        let redirects = shopper.at_gateway(&checkout, "pay").await.unwrap();
        shopper.follow(&redirects[0]).await.unwrap();
        waiting.push((shopper, checkout));
    }
    for (shopper, checkout) in &waiting {
        world.await_client_status(shopper, checkout, "under_review").await;
        let intent = world.intent(&checkout.payment_intent_id).await;
        assert_eq!(
            (intent.reservation.as_str(), intent.open_case.as_deref()),
            ("released", Some("undecided"))
        );
        sandbox.set_modes(checkout, &json!({ "modes": [] })).await.unwrap();
    }
    for (shopper, checkout) in &waiting {
        world.await_client_status(shopper, checkout, "confirmed").await;
        assert_eq!(world.intent(&checkout.payment_intent_id).await.open_case, None);
    }
    world.close().await;
}

#[tokio::test]
async fn esewas_not_found_ends_an_intent_only_after_its_grace_and_a_second_answer() {
    let world = World::start_with(&[("ESEWA__NOT_FOUND_GRACE_SECONDS", "1.5")]).await;
    // The shopper never opens the gateway's page, so eSewa knows nothing of the payment.
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    world.await_client_status(&shopper, &checkout, "failed").await;
    let answers = "SELECT count(*) FROM payment_intent_events WHERE outcome = 'not_found'";
    assert!(world.count(answers).await >= 2);
    assert_eq!(world.intent(&checkout.payment_intent_id).await.reservation, "released");

    // Failed is not forgotten.
    shopper.open_payment_page(&checkout).await.unwrap();
    shopper.at_gateway(&checkout, "pay").await.unwrap();
    world.await_client_status(&shopper, &checkout, "confirmed").await;
    world.close().await;
}

#[tokio::test]
async fn a_refund_made_at_the_gateway_is_seen_when_the_browser_comes_back() {
    let world = World::start().await;
    for provider in Provider::ALL {
        let (shopper, checkout) = world.checkout(provider).await;
        shopper.open_payment_page(&checkout).await.unwrap();
        let redirects = shopper.at_gateway(&checkout, "pay").await.unwrap();
        shopper.follow(&redirects[0]).await.unwrap();
        world.await_client_status(&shopper, &checkout, "confirmed").await;
        shopper.at_gateway(&checkout, "refund").await.unwrap();
        until("the refund is seen", async || {
            let answer = shopper.follow(&redirects[0]).await.unwrap();
            (answer.json()["status"] == "refunded").then_some(())
        })
        .await;
        let order = "SELECT status FROM orders WHERE payment_intent_id = $1";
        let order = world.rows().query_one(order, &[&checkout.payment_intent_id]).await.unwrap();
        assert_eq!(order.get::<_, &str>(0), "refunded");
    }
    world.close().await;
}
