//! Callbacks that nobody's gateway sent, or that belong to somebody else.

use base64::{Engine, engine::general_purpose::STANDARD};
use pipeline_tests::{Answer, Checkout, Provider, Shopper};

use crate::world::World;

/// Nobody asks by schedule meanwhile: whatever moved would have been moved by the callback.
const QUIET: [(&str, &str); 1] = [("RECONCILE__SCHEDULE_SECONDS", "3600")];

fn callback_url(world: &World, checkout: &Checkout, query: &str) -> String {
    let Checkout { provider, payment_intent_id, .. } = checkout;
    format!(
        "{}/payment/callback/{}/{payment_intent_id}{query}",
        world.pipeline.callback_url(),
        provider.word()
    )
}

fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (400, "callback_invalid"),
        "{what}: {}",
        answer.text
    );
}

async fn assert_untouched(world: &World, shopper: &Shopper, checkout: &Checkout) {
    let intent = world.intent(&checkout.payment_intent_id).await;
    assert_eq!((intent.status.as_str(), intent.reservation.as_str()), ("awaiting_payment", "held"));
    assert_eq!(shopper.status(&checkout.payment_intent_id).await.unwrap()["status"], "awaiting_payment");
    let due = "SELECT count(*) FROM job_queue WHERE payload ->> 'payment_intent_id' = $1
        AND (job_type = 'finalize_order' OR run_at < now() + interval '1 minute')";
    let due: i64 = world.rows().query_one(due, &[&checkout.payment_intent_id]).await.unwrap().get(0);
    assert_eq!(due, 0, "a forged callback enqueued something");
}

#[tokio::test]
async fn forged_returns_are_stored_refused_and_change_nothing() {
    let world = World::start_with(&QUIET).await;
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    shopper.open_payment_page(&checkout).await.unwrap();
    let unsigned = STANDARD.encode(
        serde_json::json!({
            "transaction_code": "000AAAA", "status": "COMPLETE", "total_amount": "1500.0",
            "transaction_uuid": checkout.gateway_reference, "product_code": "EPAYTEST",
            "signed_field_names": "transaction_code,status,total_amount,transaction_uuid,product_code,signed_field_names",
            "signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        })
        .to_string(),
    );
    let long = "A".repeat(9_000);
    let forged = [&unsigned, "e30=", "not base64", "%00%ff", "bnVsbA==", &long];
    for data in forged {
        let answer =
            shopper.follow(&callback_url(&world, &checkout, &format!("?data={data}"))).await.unwrap();
        assert_refused(&answer, data);
    }
    let stored = world.count("SELECT count(*) FROM payment_callbacks WHERE verdict = 'invalid'").await;
    assert_eq!(usize::try_from(stored).unwrap(), forged.len());
    assert_untouched(&world, &shopper, &checkout).await;
    world.close().await;
}

#[tokio::test]
async fn returns_of_another_payment_are_refused_by_both_gateways() {
    let world = World::start_with(&QUIET).await;
    for provider in Provider::ALL {
        let (payer, paid) = world.checkout(provider).await;
        payer.open_payment_page(&paid).await.unwrap();
        let redirects = payer.at_gateway(&paid, "pay").await.unwrap();
        let genuine = redirects[0].split_once('?').unwrap().1;

        let (thief, wanted) = world.checkout(provider).await;
        thief.open_payment_page(&wanted).await.unwrap();
        let answer = thief.follow(&callback_url(&world, &wanted, &format!("?{genuine}"))).await.unwrap();
        assert_refused(&answer, genuine);
        assert_untouched(&world, &thief, &wanted).await;

        // The genuine one still does its work.
        assert!(payer.follow(&redirects[0]).await.unwrap().status.is_success());
        world.await_client_status(&payer, &paid, "confirmed").await;
    }
    world.close().await;
}

#[tokio::test]
async fn edited_returns_of_khalti_are_refused_and_a_claim_alone_pays_nothing() {
    let world = World::start_with(&QUIET).await;
    let (shopper, checkout) = world.checkout(Provider::Khalti).await;
    let pidx = &checkout.gateway_reference;
    let id = &checkout.payment_intent_id;
    for query in [
        "?pidx=somebodyelse&status=Completed".to_owned(),
        format!("?pidx={pidx}&status=Completed&purchase_order_id=pi_khalti_other"),
        format!("?pidx={pidx}&status=Completed&purchase_order_id={id}&amount=1"),
    ] {
        assert_refused(&shopper.follow(&callback_url(&world, &checkout, &query)).await.unwrap(), &query);
    }
    assert_untouched(&world, &shopper, &checkout).await;

    let claim = format!("?pidx={pidx}&status=Completed&transaction_id=made-up&purchase_order_id={id}");
    let answer = shopper.follow(&callback_url(&world, &checkout, &claim)).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["status"]),
        (202, &"verifying".into()),
        "{}",
        answer.text
    );
    let intent = world.intent(id).await;
    assert_eq!((intent.status.as_str(), intent.orders), ("awaiting_payment", 0));
    world.close().await;
}

#[tokio::test]
async fn a_callback_of_nobody_is_not_found_and_not_stored() {
    let world = World::start_with(&QUIET).await;
    let (shopper, checkout) = world.checkout(Provider::Khalti).await;
    let url = world.pipeline.callback_url();
    let esewa_of_khalti = format!("/payment/callback/esewa/{}", checkout.payment_intent_id);
    for path in [
        "/payment/callback/esewa/pi_esewa_00000000000000000000000000?data=e30=",
        "/payment/callback/khalti/%00",
        "/payment/callback/khalti/%ff%fe",
        "/payment/callback/paypal/pi_paypal_1",
        "/payment/status/pi_esewa_00000000000000000000000000",
        "/payment/status/pi_esewa_00000000000000000000000000/stream",
        &esewa_of_khalti,
    ] {
        let answer = shopper.follow(&format!("{url}{path}")).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (404, "not_found"),
            "{path}: {}",
            answer.text
        );
    }
    assert_eq!(world.count("SELECT count(*) FROM payment_callbacks").await, 0);
    world.close().await;
}
