use std::sync::LazyLock;

use domain::payments::gateway::{Gateway, Redirection, StartPayment, StartPaymentError};
use gateways::esewa::{Esewa, EsewaSettings};

use crate::{
    fake::{PATIENCE, client},
    signed::{SANDBOX_KEY, signature},
};

pub(crate) fn settings() -> EsewaSettings {
    EsewaSettings {
        product_code: "EPAYTEST".to_owned(),
        secret_key: SANDBOX_KEY.into(),
        previous_secret_key: None,
        form_url: "http://127.0.0.1:9/api/epay/main/v2/form".parse().unwrap(),
        status_url: "http://127.0.0.1:9/api/epay/transaction/status/".parse().unwrap(),
        callback_public_url: Some("https://pay.example.com".to_owned()),
    }
}

/// For what needs no network; made once, because reading the system's certificates takes its time.
pub(crate) fn esewa() -> &'static Esewa {
    static ESEWA: LazyLock<Esewa> = LazyLock::new(|| Esewa::new(settings(), client(PATIENCE)).unwrap());
    &ESEWA
}

pub(crate) fn payment(payment_intent_id: &str, amount_minor: i64) -> StartPayment {
    StartPayment {
        payment_intent_id: payment_intent_id.to_owned(),
        subtotal_minor: amount_minor,
        discount_minor: 0,
        shipping_minor: 0,
        tax_minor: 0,
        amount_minor,
        display_name: "Order of 2 things".to_owned(),
        customer_name: "Sita Rai".to_owned(),
        customer_phone: "9800000001".to_owned(),
    }
}

pub(crate) async fn started_fields(payment_intent_id: &str, amount_minor: i64) -> Vec<(String, String)> {
    match esewa().start(payment(payment_intent_id, amount_minor)).await.unwrap().redirection {
        Redirection::Form { fields, .. } => fields,
        Redirection::Link { url } => panic!("eSewa is opened by a form, not by {url}"),
    }
}

const INTENT: &str = "pi_esewa_0123456789abcdefghjkmnpqrs";

#[tokio::test]
async fn the_form_has_eleven_fields_in_the_documented_order() {
    let parts = StartPayment {
        subtotal_minor: 100_000,
        discount_minor: 5_050,
        shipping_minor: 10_000,
        tax_minor: 1_305,
        amount_minor: 106_255,
        ..payment(INTENT, 0)
    };
    let started = esewa().start(parts).await.unwrap();
    assert_eq!(started.gateway_reference, "pi-esewa-0123456789abcdefghjkmnpqrs");
    assert_eq!(started.expires_in_seconds, None);
    let Redirection::Form { url, fields } = started.redirection else { panic!("not a form") };
    assert_eq!(url, "http://127.0.0.1:9/api/epay/main/v2/form");
    let message =
        "total_amount=1062.55,transaction_uuid=pi-esewa-0123456789abcdefghjkmnpqrs,product_code=EPAYTEST";
    let callback = format!("https://pay.example.com/payment/callback/esewa/{INTENT}");
    let expected = [
        ("amount", "949.5"),
        ("tax_amount", "13.05"),
        ("product_service_charge", "0"),
        ("product_delivery_charge", "100"),
        ("total_amount", "1062.55"),
        ("transaction_uuid", "pi-esewa-0123456789abcdefghjkmnpqrs"),
        ("product_code", "EPAYTEST"),
        ("success_url", callback.as_str()),
        ("failure_url", &format!("{callback}/failure")),
        ("signed_field_names", "total_amount,transaction_uuid,product_code"),
        ("signature", &signature(SANDBOX_KEY, message)),
    ];
    let found: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn callback_urls_have_one_slash_whether_or_not_the_setting_ends_in_one() {
    for (public_url, prefix) in [
        ("https://pay.example.com/", "https://pay.example.com/payment/callback/esewa/"),
        ("https://example.com/shop", "https://example.com/shop/payment/callback/esewa/"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081/payment/callback/esewa/"),
    ] {
        let configured = EsewaSettings { callback_public_url: Some(public_url.to_owned()), ..settings() };
        let gateway = Esewa::new(configured, client(PATIENCE)).unwrap();
        let Redirection::Form { fields, .. } = gateway.start(payment(INTENT, 100)).await.unwrap().redirection
        else {
            panic!("not a form")
        };
        assert_eq!(fields[7].1, format!("{prefix}{INTENT}"));
        assert_eq!(fields[8].1, format!("{prefix}{INTENT}/failure"));
    }
}

#[tokio::test]
async fn the_reference_known_in_advance_is_the_one_in_the_form() {
    let reference = esewa().reference_in_advance(INTENT).unwrap();
    let started = esewa().start(payment(INTENT, 100)).await.unwrap();
    assert_eq!(reference, started.gateway_reference);
    assert!(reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
}

#[tokio::test]
async fn amounts_that_esewa_would_refuse_never_reach_it() {
    let good = payment(INTENT, 10_000);
    let wrong = [
        StartPayment { shipping_minor: 1, ..good.clone() },
        StartPayment { discount_minor: 1, ..good.clone() },
        StartPayment { subtotal_minor: 5_000, discount_minor: 6_000, shipping_minor: 11_000, ..good.clone() },
        StartPayment { subtotal_minor: 10_001, tax_minor: -1, ..good.clone() },
        StartPayment { subtotal_minor: i64::MAX, shipping_minor: i64::MAX, ..good.clone() },
        payment(INTENT, 99),
        payment(INTENT, 0),
    ];
    for wrong in wrong {
        let started = esewa().start(wrong.clone()).await;
        assert!(matches!(started, Err(StartPaymentError::Refused { .. })), "{wrong:?}");
    }
    assert!(esewa().start(payment(INTENT, 100)).await.is_ok(), "the minimum itself is fine");
}
