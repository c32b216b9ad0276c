use domain::payments::gateway::{Gateway, RefundReply, RefundRequest};

use gateways::khalti::{Khalti, KhaltiSettings};

use crate::{
    fake::{Behaviour, FakeGateway, IMPATIENCE, PATIENCE, client},
    khalti_initiate::{KEY, khalti, settings},
};

const DONE: &str = r#"{"detail":"Transaction refund successful."}"#;

fn request(amount_minor: Option<i64>, mobile: Option<&str>) -> RefundRequest {
    RefundRequest {
        transaction_id: "GFq9PFS7b2iYvL8Lir9oXe".to_owned(),
        amount_minor,
        mobile: mobile.map(str::to_owned),
    }
}

async fn refund(status: u16, body: &str) -> RefundReply {
    let fake = FakeGateway::answering(status, body).await;
    khalti(&fake).refund(request(None, None)).await
}

#[tokio::test]
async fn the_four_refunds_have_the_four_documented_bodies() {
    for (request, body) in [
        (request(None, None), ""),
        (request(Some(5000), None), r#"{"amount":5000}"#),
        (request(None, Some("9800000001")), r#"{"mobile":"9800000001"}"#),
        (request(Some(5000), Some("9800000001")), r#"{"mobile":"9800000001","amount":5000}"#),
    ] {
        let fake = FakeGateway::answering(200, DONE).await;
        assert_eq!(khalti(&fake).refund(request).await, RefundReply::Accepted);
        let sent = fake.only_request().await;
        assert_eq!(sent.line, "POST /api/merchant-transaction/GFq9PFS7b2iYvL8Lir9oXe/refund/");
        assert_eq!(sent.header("authorization"), Some(format!("Key {KEY}").as_str()));
        assert_eq!(sent.body, body);
    }
}

#[tokio::test]
async fn the_prefix_is_what_the_setting_says() {
    for prefix in ["/api/v2/merchant-transaction", "/api/v2/epayment/merchant-transaction/"] {
        let fake = FakeGateway::answering(200, DONE).await;
        let refund_url = format!("{}{prefix}", fake.url).parse().unwrap();
        let configured = KhaltiSettings { refund_url, ..settings(&fake.url) };
        Khalti::new(configured, client(PATIENCE)).unwrap().refund(request(None, None)).await;
        let target = format!("POST {}/GFq9PFS7b2iYvL8Lir9oXe/refund/", prefix.trim_end_matches('/'));
        assert_eq!(fake.only_request().await.line, target);
    }
}

#[tokio::test]
async fn a_refusal_is_one_only_where_khalti_says_so() {
    for (status, body, told) in [
        (400, r#"{"detail":"Already refunded."}"#, "Already refunded."),
        (400, r#"{"amount":["Too much."],"error_key":"validation_error"}"#, "amount: Too much."),
        (404, r#"{"detail":"Not found."}"#, "Not found."),
    ] {
        assert_eq!(refund(status, body).await, RefundReply::Refused { reason: told.to_owned() });
    }
    match refund(401, r#"{"detail":"Invalid token.","status_code":401}"#).await {
        RefundReply::Refused { reason } => assert!(reason.contains("KHALTI__SECRET_KEY"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whatever_may_have_moved_money_is_unknown() {
    for (status, body) in [
        (200, ""),
        (200, "<html></html>"),
        (302, ""),
        (400, "<html>Bad Request</html>"),
        (404, "<html>Not Found</html>"),
        (408, "{}"),
        (409, r#"{"detail":"In progress."}"#),
        (500, r#"{"detail":"Server error"}"#),
        (502, ""),
        (504, ""),
    ] {
        let replied = refund(status, body).await;
        assert!(matches!(replied, RefundReply::Unknown { .. }), "{status} {body}: {replied:?}");
    }
}

#[tokio::test]
async fn a_time_out_is_unknown_and_is_sent_once() {
    let fake = FakeGateway::behaving(Behaviour::Silence).await;
    let gateway = Khalti::new(settings(&fake.url), client(IMPATIENCE)).unwrap();
    let replied = gateway.refund(request(None, None)).await;
    assert_eq!(replied, RefundReply::Unknown { reason: "no answer in time".to_owned() });
    fake.only_request().await;
}

#[tokio::test]
async fn a_connection_that_breaks_is_unknown_and_is_sent_once() {
    let fake = FakeGateway::behaving(Behaviour::Bytes(Vec::new())).await;
    let replied = khalti(&fake).refund(request(None, None)).await;
    assert!(matches!(replied, RefundReply::Unknown { .. }), "{replied:?}");
    fake.only_request().await;
}

#[tokio::test]
async fn an_id_that_would_lead_elsewhere_is_refused_without_a_call() {
    let fake = FakeGateway::answering(200, DONE).await;
    for transaction_id in ["", "..", "a/b", "a?b", "a#b", "a b", "%2e%2e", "http://other"] {
        let request = RefundRequest { transaction_id: transaction_id.to_owned(), ..request(None, None) };
        let replied = khalti(&fake).refund(request).await;
        assert!(matches!(replied, RefundReply::Refused { .. }), "{transaction_id}: {replied:?}");
    }
    assert_eq!(fake.received().await, []);
}
