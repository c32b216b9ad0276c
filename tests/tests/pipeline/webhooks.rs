//! Notifications from server to server: hints like any redirect.

use pipeline_tests::{Answer, Checkout, Provider, Shopper};
use serde_json::{Value, json};

use crate::world::World;

async fn notify(
    world: &World,
    shopper: &Shopper,
    checkout: &Checkout,
    fields: &Value,
    as_form: bool,
) -> Answer {
    let url = format!("{}/payment/webhook/{}", world.pipeline.callback_url(), checkout.provider.word());
    let request = world.pipeline.http().post(url);
    shopper.send(if as_form { request.form(fields) } else { request.json(fields) }).await.unwrap()
}

#[tokio::test]
async fn a_notification_makes_the_gateway_be_asked_and_its_answer_makes_the_order() {
    let world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "3600")]).await;
    for (provider, as_form) in [
        (Provider::Esewa, false),
        (Provider::Esewa, true),
        (Provider::Khalti, false),
        (Provider::Khalti, true),
    ] {
        let (shopper, checkout) = world.checkout(provider).await;
        shopper.open_payment_page(&checkout).await.unwrap();
        let redirects = shopper.at_gateway(&checkout, "pay").await.unwrap();
        let url = url::Url::parse(&redirects[0]).unwrap();
        let mut fields = json!({ "payment_intent_id": checkout.payment_intent_id });
        for (name, value) in url.query_pairs() {
            fields[name.as_ref()] = value.as_ref().into();
        }
        let answer = notify(&world, &shopper, &checkout, &fields, as_form).await;
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
        world.await_client_status(&shopper, &checkout, "confirmed").await;
    }
    world.close().await;
}

#[tokio::test]
async fn a_notification_that_lies_pays_nothing() {
    let world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "3600")]).await;
    let (shopper, checkout) = world.checkout(Provider::Khalti).await;
    let claim =
        json!({ "pidx": checkout.gateway_reference, "status": "Completed", "transaction_id": "made-up" });
    let answer = notify(&world, &shopper, &checkout, &claim, false).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["status"]),
        (202, &"verifying".into()),
        "{}",
        answer.text
    );
    assert_eq!(world.intent(&checkout.payment_intent_id).await.orders, 0);
    world.close().await;
}
