use domain::payments::gateway::{Answer, Asked, Gateway, Question, RefundReply, RefundRequest};
use gateways::esewa::{Esewa, EsewaSettings};
use serde_json::json;

use crate::{
    esewa_form::settings,
    fake::{FakeGateway, PATIENCE, client},
};

const REFERENCE: &str = "pi-esewa-0123456789abcdefghjkmnpqrs";

async fn ask(fake: &FakeGateway) -> Asked {
    let status_url = format!("{}/api/epay/transaction/status/", fake.url).parse().unwrap();
    let gateway = Esewa::new(EsewaSettings { status_url, ..settings() }, client(PATIENCE)).unwrap();
    let question = Question {
        payment_intent_id: "pi_esewa_0123456789abcdefghjkmnpqrs".to_owned(),
        gateway_reference: REFERENCE.to_owned(),
        amount_minor: 10_050,
    };
    gateway.ask(question).await
}

async fn answer(status: u16, body: &str) -> Answer {
    ask(&FakeGateway::answering(status, body).await).await.answer
}

fn body(status: &str, amount: &str, ref_id: &str) -> String {
    format!(
        r#"{{"product_code":"EPAYTEST","transaction_uuid":"{REFERENCE}","total_amount":{amount},"status":"{status}","ref_id":{ref_id}}}"#
    )
}

fn paid(amount_minor: i64, transaction_id: Option<&str>) -> Answer {
    let transaction_id = transaction_id.map(str::to_owned);
    Answer::Paid { transaction_id, amount_minor, reference: REFERENCE.to_owned() }
}

#[tokio::test]
async fn the_question_carries_our_code_our_amount_as_signed_and_our_reference() {
    let fake = FakeGateway::answering(200, &body("PENDING", "100.5", "null")).await;
    ask(&fake).await;
    let request = fake.only_request().await;
    let target = format!(
        "GET /api/epay/transaction/status/?product_code=EPAYTEST&total_amount=100.5&transaction_uuid={REFERENCE}"
    );
    assert_eq!(request.line, target);
    assert_eq!(request.header("authorization"), None);
    assert!(request.header("user-agent").unwrap().starts_with("live-order-pipeline/"));
}

#[tokio::test]
async fn every_documented_status_has_its_meaning() {
    let word = |word: &str| word.to_owned();
    let id = || Some(word("0007G36"));
    for (status, ref_id, meant) in [
        ("COMPLETE", r#""0007G36""#, paid(10_050, Some("0007G36"))),
        ("COMPLETE", "null", paid(10_050, None)),
        ("COMPLETE", r#""""#, paid(10_050, None)),
        ("PENDING", "null", Answer::Undecided { word: word("PENDING") }),
        ("AMBIGUOUS", r#""0007G36""#, Answer::Undecided { word: word("AMBIGUOUS") }),
        ("NOT_FOUND", "null", Answer::NotFound),
        ("CANCELED", r#""0007G36""#, Answer::Unpaid { word: word("CANCELED") }),
        ("FULL_REFUND", r#""0007G36""#, Answer::Refunded { transaction_id: id(), amount_minor: 10_050 }),
        (
            "PARTIAL_REFUND",
            r#""0007G36""#,
            Answer::PartiallyRefunded { transaction_id: id(), amount_minor: 10_050 },
        ),
        ("COMPLETED", "null", Answer::UnheardOf { word: word("COMPLETED") }),
        ("complete", "null", Answer::UnheardOf { word: word("complete") }),
        ("CANCELLED", "null", Answer::UnheardOf { word: word("CANCELLED") }),
        ("", "null", Answer::UnheardOf { word: String::new() }),
    ] {
        assert_eq!(answer(200, &body(status, "100.5", ref_id)).await, meant, "{status}");
    }
}

#[tokio::test]
async fn amounts_are_read_from_their_literal_to_the_paisa() {
    for (literal, amount_minor) in [
        ("100.0", 10_000),
        ("100", 10_000),
        ("0.29", 29),
        ("1.15", 115),
        ("9007199254740993.01", 900_719_925_474_099_301),
        (r#""1,000.0""#, 100_000),
    ] {
        assert_eq!(
            answer(200, &body("COMPLETE", literal, "null")).await,
            paid(amount_minor, None),
            "{literal}"
        );
    }
}

#[tokio::test]
async fn a_payment_of_no_readable_amount_is_unknown() {
    for literal in ["1e3", "-100.5", "100.505", "null", "true", r#""""#, r#""a lot""#, "[100.5]"] {
        for status in ["COMPLETE", "FULL_REFUND", "PARTIAL_REFUND"] {
            let answer = answer(200, &body(status, literal, "null")).await;
            assert!(matches!(answer, Answer::Unknown { .. }), "{status} {literal}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_older_shape_is_understood() {
    let older = |status: &str, ref_id: &str| {
        format!(
            r#"{{"pid":"{REFERENCE}","scd":"EPAYTEST","totalAmount":150.0,"status":"{status}","refId":{ref_id}}}"#
        )
    };
    assert_eq!(answer(200, &older("COMPLETE", r#""00X""#)).await, paid(15_000, Some("00X")));
    let pending = Answer::Undecided { word: "PENDING".to_owned() };
    assert_eq!(answer(200, &older("PENDING", "null")).await, pending);
}

#[tokio::test]
async fn an_answer_about_another_payment_or_merchant_is_no_answer() {
    let genuine = body("COMPLETE", "100.5", r#""00X""#);
    for odd in [
        genuine.replace(REFERENCE, "pi-esewa-other"),
        genuine.replace("EPAYTEST", "NP-ES-OTHER"),
        genuine.replace("transaction_uuid", "uuid"),
        genuine.replace("product_code", "code"),
    ] {
        assert!(matches!(answer(200, &odd).await, Answer::Unknown { .. }), "{odd}");
    }
}

#[tokio::test]
async fn whatever_is_not_an_answer_is_unknown() {
    let complete = body("COMPLETE", "100.5", r#""00X""#);
    let outage = r#"{"code":0,"error_message":"Service is currently unavailable"}"#;
    for (status, body) in [
        (200, outage),
        (200, ""),
        (200, "[]"),
        (200, "<html>maintenance</html>"),
        (200, &complete[..complete.len() - 1]),
        (200, r#"{"status":7}"#),
        (200, r#"{"status":null}"#),
        (204, ""),
        (302, &complete),
        (400, &complete),
        (403, "<html>Forbidden</html>"),
        (404, r#"{"status":"NOT_FOUND"}"#),
        (429, ""),
        (500, &complete),
        (503, outage),
    ] {
        let answer = answer(status, body).await;
        assert!(matches!(answer, Answer::Unknown { .. }), "{status} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn the_outage_says_in_the_reason_what_esewa_said() {
    let outage = answer(200, r#"{"code":0,"error_message":"Service is currently unavailable"}"#).await;
    let reason = "eSewa gave no status, but said: Service is currently unavailable".to_owned();
    assert_eq!(outage, Answer::Unknown { reason });
}

#[tokio::test]
async fn the_evidence_is_the_body_as_it_came() {
    let fake = FakeGateway::answering(200, &body("COMPLETE", "100.5", r#""00X""#)).await;
    let expected = json!({"product_code": "EPAYTEST", "transaction_uuid": REFERENCE, "total_amount": 100.5,
        "status": "COMPLETE", "ref_id": "00X"});
    assert_eq!(ask(&fake).await.raw_response, expected);
    let fake = FakeGateway::answering(403, "<html>Forbidden</html>").await;
    assert_eq!(ask(&fake).await.raw_response, json!({"text": "<html>Forbidden</html>"}));
}

#[tokio::test]
async fn esewa_offers_no_refund() {
    let gateway = Esewa::new(settings(), client(PATIENCE)).unwrap();
    let request = RefundRequest { transaction_id: "0007G36".to_owned(), amount_minor: None, mobile: None };
    assert_eq!(gateway.refund(request).await, RefundReply::NotOffered);
}
