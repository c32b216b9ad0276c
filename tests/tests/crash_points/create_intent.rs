//! The shopper asks for an intent and, not being answered, asks again with the same key.

use pipeline_tests::{Checkout, Program, Provider};
use reqwest::StatusCode;

use crate::{
    buying::{Intended, Purchase, STOCK},
    crash::{Crash, cover},
    stage::{Stage, until},
    traffic,
};

async fn create_intent(stage: &Stage, provider: Provider, crash: &Crash<'_>) {
    let purchase = Purchase::of_one(stage).await;
    let user_id = purchase.shopper.user_id();
    let key = uuid::Uuid::new_v4().to_string();
    crash.arm();
    let mut asked = 0;
    let answer = until("an intent is made", async || {
        let answer = purchase.shopper.ask_for_intent(provider, purchase.cart_version, &key).await.unwrap();
        asked += 1;
        if asked == 1 {
            crash.over().await;
        }
        if answer.code() == "request_in_progress" {
            // The key's lease would end by itself in seconds.
            let end = "UPDATE idempotency_keys SET leased_until = clock_timestamp() WHERE user_id = $1";
            stage.shop.client.execute(end, &[&user_id]).await.unwrap();
        } else if answer.status != StatusCode::CREATED {
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
        }
        (answer.status == StatusCode::CREATED).then_some(answer)
    })
    .await;
    let again = purchase.shopper.ask_for_intent(provider, purchase.cart_version, &key).await.unwrap();
    assert_eq!((again.status, &again.text), (StatusCode::CREATED, &answer.text));

    let made: i64 = stage.value("SELECT count(*) FROM payment_intents WHERE user_id = $1", user_id).await;
    assert_eq!(made, 1);
    assert_eq!(purchase.stock(stage).await, (STOCK - 1, 1, 0));
    let checkout = Checkout::from_answer(provider, answer).unwrap();
    let reference = "SELECT gateway_reference FROM payment_intents WHERE payment_intent_id = $1";
    let stored: String = stage.value(reference, &checkout.payment_intent_id).await;
    assert_eq!(stored, checkout.gateway_reference);
    let intended = Intended { purchase, checkout };
    assert_eq!(intended.status(stage).await, "awaiting_payment");
    let owed = "SELECT count(*) FROM job_queue WHERE idempotency_key = 'verify_payment:' || $1 AND status = 'pending'";
    assert_eq!(stage.value::<i64>(owed, intended.id()).await, 1);
}

async fn cover_provider(flow: &'static str, provider: Provider) {
    let stage = Stage::start(Program::CheckoutApi, &[]).await;
    cover(flow, &stage, traffic::requests, async |crash| create_intent(&stage, provider, crash).await).await;
    stage.close().await;
}

#[tokio::test]
async fn an_intent_through_esewa_is_made_once_wherever_the_connection_is_cut() {
    cover_provider("create intent (eSewa)", Provider::Esewa).await;
}

#[tokio::test]
async fn an_intent_through_khalti_is_made_once_wherever_the_connection_is_cut() {
    cover_provider("create intent (Khalti)", Provider::Khalti).await;
}
