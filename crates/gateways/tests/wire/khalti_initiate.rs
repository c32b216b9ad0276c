use domain::payments::gateway::{Gateway, Redirection, StartPayment, StartPaymentError, StartedPayment};
use gateways::khalti::{Khalti, KhaltiSettings};
use serde_json::{Value, json};

use crate::{
    esewa_form::payment,
    fake::{Behaviour, FakeGateway, IMPATIENCE, PATIENCE, client},
};

pub(crate) const KEY: &str = "live_secret_key_68791341fdd94846a146f0457ff7b455";
const INTENT: &str = "pi_khalti_0123456789abcdefghjkmnpqrs";
const SESSION: &str = r#"{"pidx":"bZQLD9wRVWo4CdESSfuSsB","payment_url":"https://test-pay.khalti.com/?pidx=bZQLD9wRVWo4CdESSfuSsB","expires_at":"2023-05-25T16:26:16.471649+05:45","expires_in":1800}"#;

pub(crate) fn settings(base_url: &str) -> KhaltiSettings {
    KhaltiSettings {
        secret_key: KEY.into(),
        base_url: format!("{base_url}/api/v2/").parse().unwrap(),
        refund_url: format!("{base_url}/api/merchant-transaction/").parse().unwrap(),
        website_url: Some("https://shop.example.com".parse().unwrap()),
        callback_public_url: Some("https://pay.example.com".to_owned()),
    }
}

pub(crate) fn khalti(fake: &FakeGateway) -> Khalti {
    Khalti::new(settings(&fake.url), client(PATIENCE)).unwrap()
}

async fn start(fake: &FakeGateway) -> Result<StartedPayment, StartPaymentError> {
    khalti(fake).start(payment(INTENT, 1000)).await
}

#[tokio::test]
async fn the_request_is_what_khalti_documents() {
    let fake = FakeGateway::answering(200, SESSION).await;
    let started = start(&fake).await.unwrap();
    assert_eq!(started.gateway_reference, "bZQLD9wRVWo4CdESSfuSsB");
    let url = "https://test-pay.khalti.com/?pidx=bZQLD9wRVWo4CdESSfuSsB".to_owned();
    assert_eq!(started.redirection, Redirection::Link { url });
    assert_eq!(started.expires_in_seconds, Some(1800));

    let request = fake.only_request().await;
    assert_eq!(request.line, "POST /api/v2/epayment/initiate/");
    assert_eq!(request.header("authorization"), Some(format!("Key {KEY}").as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let expected = json!({
        "return_url": format!("https://pay.example.com/payment/callback/khalti/{INTENT}"),
        "website_url": "https://shop.example.com/",
        "amount": 1000,
        "purchase_order_id": INTENT,
        "purchase_order_name": "Order of 2 things",
        "customer_info": {"name": "Sita Rai", "phone": "9800000001"},
    });
    assert_eq!(serde_json::from_str::<Value>(&request.body).unwrap(), expected);
}

#[tokio::test]
async fn the_address_is_the_same_whether_or_not_the_setting_ends_in_a_slash() {
    let fake = FakeGateway::answering(200, SESSION).await;
    let base_url = format!("{}/api/v2", fake.url).parse().unwrap();
    let gateway = Khalti::new(KhaltiSettings { base_url, ..settings(&fake.url) }, client(PATIENCE)).unwrap();
    gateway.start(payment(INTENT, 1000)).await.unwrap();
    assert_eq!(fake.only_request().await.line, "POST /api/v2/epayment/initiate/");
}

#[tokio::test]
async fn blank_customer_fields_are_left_out() {
    let fake = FakeGateway::answering(200, SESSION).await;
    let anonymous =
        StartPayment { customer_name: String::new(), customer_phone: String::new(), ..payment(INTENT, 1000) };
    khalti(&fake).start(anonymous).await.unwrap();
    let body: Value = serde_json::from_str(&fake.only_request().await.body).unwrap();
    assert_eq!(body["customer_info"], json!({}));
}

#[tokio::test]
async fn khaltis_refusals_are_told_in_its_own_words() {
    for (body, told) in [
        (
            r#"{"amount":["Amount should be greater than Rs. 10, that is 1000 paisa."],"error_key":"validation_error"}"#,
            "amount: Amount should be greater than Rs. 10, that is 1000 paisa.",
        ),
        (
            r#"{"purchase_order_name":["This field may not be blank."],"return_url":["Enter a valid URL."],"error_key":"validation_error"}"#,
            "purchase_order_name: This field may not be blank.; return_url: Enter a valid URL.",
        ),
        (r#"{"detail":"Fee not found.","status_code":400}"#, "Fee not found."),
        (r#"{"error_key":"validation_error"}"#, "no reason given"),
    ] {
        let fake = FakeGateway::answering(400, body).await;
        match start(&fake).await {
            Err(StartPaymentError::Refused { reason }) => assert_eq!(reason, told),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_key_that_khalti_does_not_know_is_not_the_shoppers_failure() {
    let body = r#"{"detail":"Invalid token.","status_code":401}"#;
    let fake = FakeGateway::answering(401, body).await;
    match start(&fake).await {
        Err(StartPaymentError::Unavailable { reason }) => {
            assert!(reason.contains("Invalid token.") && reason.contains("KHALTI__SECRET_KEY"), "{reason}");
            assert!(!reason.contains(KEY));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whatever_is_neither_session_nor_refusal_is_unavailable() {
    for (status, body) in [
        (200, ""),
        (200, "<html></html>"),
        (200, "{}"),
        (200, r#"{"pidx":"","payment_url":"https://pay.khalti.com/"}"#),
        (200, r#"{"pidx":"a b","payment_url":"https://pay.khalti.com/"}"#),
        (200, r#"{"pidx":"abc","payment_url":"javascript:alert(1)"}"#),
        (200, r#"{"pidx":"abc","payment_url":"/pay"}"#),
        (302, SESSION),
        (400, "<html>Bad Request</html>"),
        (403, "<html>Forbidden</html>"),
        (404, r#"{"detail":"Not found."}"#),
        (429, "{}"),
        (500, r#"{"detail":"Server error"}"#),
        (502, ""),
    ] {
        let fake = FakeGateway::answering(status, body).await;
        let started = start(&fake).await;
        assert!(
            matches!(started, Err(StartPaymentError::Unavailable { .. })),
            "{status} {body}: {started:?}"
        );
    }
}

#[tokio::test]
async fn a_session_that_does_not_say_when_it_ends_is_a_session() {
    let session = r#"{"pidx":"abc","payment_url":"https://pay.khalti.com/?pidx=abc"}"#;
    let fake = FakeGateway::answering(200, session).await;
    assert_eq!(start(&fake).await.unwrap().expires_in_seconds, None);
}

#[tokio::test]
async fn silence_is_unavailable() {
    let fake = FakeGateway::behaving(Behaviour::Silence).await;
    let gateway = Khalti::new(settings(&fake.url), client(IMPATIENCE)).unwrap();
    let started = gateway.start(payment(INTENT, 1000)).await;
    assert!(matches!(started, Err(StartPaymentError::Unavailable { .. })), "{started:?}");
}

#[tokio::test]
async fn an_amount_below_the_minimum_is_refused_without_a_call() {
    let fake = FakeGateway::answering(200, SESSION).await;
    let started = khalti(&fake).start(payment(INTENT, 999)).await;
    assert!(matches!(started, Err(StartPaymentError::Refused { .. })), "{started:?}");
    assert_eq!(fake.received().await, []);
    assert_eq!(khalti(&fake).reference_in_advance(INTENT), None);
}
