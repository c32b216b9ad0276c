use domain::payments::gateway::{Answer, Asked, Gateway, Question};
use serde_json::json;

use crate::{
    fake::FakeGateway,
    khalti_initiate::{KEY, khalti},
};

const PIDX: &str = "HT6o6PEZRWFJ5ygavzHWd5";

async fn ask(fake: &FakeGateway) -> Asked {
    let question = Question {
        payment_intent_id: "pi_khalti_0123456789abcdefghjkmnpqrs".to_owned(),
        gateway_reference: PIDX.to_owned(),
        amount_minor: 1000,
    };
    khalti(fake).ask(question).await
}

async fn answer(status: u16, body: &str) -> Answer {
    ask(&FakeGateway::answering(status, body).await).await.answer
}

fn body(status: &str, transaction_id: &str, refunded: bool) -> String {
    format!(
        r#"{{"pidx":"{PIDX}","total_amount":1000,"status":"{status}","transaction_id":{transaction_id},"fee":0,"refunded":{refunded}}}"#
    )
}

const TRANSACTION: &str = r#""GFq9PFS7b2iYvL8Lir9oXe""#;

fn transaction_id() -> Option<String> {
    Some("GFq9PFS7b2iYvL8Lir9oXe".to_owned())
}

#[tokio::test]
async fn the_question_is_a_post_with_key_and_pidx() {
    let fake = FakeGateway::answering(200, &body("Pending", "null", false)).await;
    ask(&fake).await;
    let request = fake.only_request().await;
    assert_eq!(request.line, "POST /api/v2/epayment/lookup/");
    assert_eq!(request.header("authorization"), Some(format!("Key {KEY}").as_str()));
    assert_eq!(request.body, format!(r#"{{"pidx":"{PIDX}"}}"#));
}

#[tokio::test]
async fn every_documented_status_has_its_meaning() {
    let undecided = |word: &str| Answer::Undecided { word: word.to_owned() };
    let unpaid = |word: &str| Answer::Unpaid { word: word.to_owned() };
    let paid =
        Answer::Paid { transaction_id: transaction_id(), amount_minor: 1000, reference: PIDX.to_owned() };
    let partly = Answer::PartiallyRefunded { transaction_id: transaction_id(), amount_minor: 1000 };
    let back = Answer::Refunded { transaction_id: transaction_id(), amount_minor: 1000 };
    for (code, status, transaction_id, refunded, meant) in [
        (200, "Completed", TRANSACTION, false, paid.clone()),
        (200, "COMPLETED", TRANSACTION, false, paid),
        (200, "Completed", TRANSACTION, true, partly.clone()),
        (200, "Refunded", TRANSACTION, true, back),
        (200, "Partially refunded", TRANSACTION, true, partly.clone()),
        (200, "Partially Refunded", TRANSACTION, false, partly),
        (200, "Pending", "null", false, undecided("Pending")),
        (200, "Initiated", "null", false, undecided("Initiated")),
        (400, "Expired", "null", false, unpaid("Expired")),
        (400, "User canceled", "null", false, unpaid("User canceled")),
        (200, "User canceled", "null", false, unpaid("User canceled")),
        (200, "Failed", "null", false, unpaid("Failed")),
        (200, "Canceled", "null", false, unpaid("Canceled")),
        (200, "On hold", "null", false, Answer::UnheardOf { word: "On hold".to_owned() }),
        (400, "On hold", "null", false, Answer::UnheardOf { word: "On hold".to_owned() }),
    ] {
        let answer = answer(code, &body(status, transaction_id, refunded)).await;
        assert_eq!(answer, meant, "{code} {status} refunded={refunded}");
    }
}

/// As observed: an `error_key` more, and `refunded` missing.
#[tokio::test]
async fn a_cancelled_payment_under_http_400_is_an_answer() {
    let observed = format!(
        r#"{{"pidx":"{PIDX}","total_amount":10000,"status":"User canceled","transaction_id":null,"fee":0,"error_key":"khalti_error"}}"#
    );
    assert_eq!(answer(400, &observed).await, Answer::Unpaid { word: "User canceled".to_owned() });
}

#[tokio::test]
async fn a_payment_without_transaction_id_is_told_as_such() {
    for blank in ["null", r#""""#] {
        let paid = Answer::Paid { transaction_id: None, amount_minor: 1000, reference: PIDX.to_owned() };
        assert_eq!(answer(200, &body("Completed", blank, false)).await, paid);
    }
}

#[tokio::test]
async fn an_answer_about_another_pidx_is_no_answer() {
    for status in ["Completed", "Expired", "Refunded"] {
        let foreign = body(status, TRANSACTION, false).replace(PIDX, "bZQLD9wRVWo4CdESSfuSsB");
        let answer = answer(200, &foreign).await;
        let reason = "Khalti's answer is about another pidx".to_owned();
        assert_eq!(answer, Answer::Unknown { reason });
    }
    let nameless = body("Completed", TRANSACTION, false).replace("pidx", "idx");
    assert!(matches!(answer(200, &nameless).await, Answer::Unknown { .. }));
}

#[tokio::test]
async fn whatever_is_not_an_answer_is_unknown() {
    let completed = body("Completed", TRANSACTION, false);
    for (status, body) in [
        (200, ""),
        (200, "[]"),
        (200, "<html></html>"),
        (200, &completed[..completed.len() - 1]),
        (200, &completed.replace(r#""Completed""#, "1")),
        (400, r#"{"pidx":["This field may not be blank."],"error_key":"validation_error"}"#),
        (401, r#"{"detail":"Invalid token.","status_code":401}"#),
        (403, "<html>Forbidden</html>"),
        (404, r#"{"detail":"Not found.","error_key":"validation_error"}"#),
        (404, r#"{"detail":"Not found.","status_code":404}"#),
        (429, ""),
        (500, &completed.replace("Completed", "error")),
        (503, ""),
    ] {
        let answer = answer(status, body).await;
        assert!(matches!(answer, Answer::Unknown { .. }), "{status} {body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_refused_key_names_the_setting_and_not_the_key() {
    match answer(401, r#"{"detail":"Invalid token.","status_code":401}"#).await {
        Answer::Unknown { reason } => {
            assert!(reason.contains("Invalid token.") && reason.contains("KHALTI__SECRET_KEY"), "{reason}");
            assert!(!reason.contains(KEY));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn paisa_are_whole_and_read_from_their_literal() {
    for (literal, amount_minor) in [
        ("1000", Some(1000)),
        ("1000.0", Some(1000)),
        (r#""1000""#, Some(1000)),
        ("9007199254740993", Some(9_007_199_254_740_993)),
        ("1000.5", None),
        ("1e3", None),
        ("-1000", None),
        ("null", None),
        (r#""""#, None),
        ("99999999999999999999", None),
    ] {
        let body = body("Completed", TRANSACTION, false).replace("1000", literal);
        match (answer(200, &body).await, amount_minor) {
            (Answer::Paid { amount_minor: read, .. }, Some(due)) => assert_eq!(read, due, "{literal}"),
            (Answer::Unknown { .. }, None) => {}
            (other, _) => panic!("{literal}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_evidence_has_no_phone_number() {
    let with_mobile =
        body("Completed", TRANSACTION, false).replace("\"fee\"", "\"mobile\":\"9800000001\",\"fee\"");
    let fake = FakeGateway::answering(200, &with_mobile).await;
    let expected = json!({"pidx": PIDX, "total_amount": 1000, "status": "Completed", "refunded": false,
        "transaction_id": "GFq9PFS7b2iYvL8Lir9oXe", "mobile": "[masked]", "fee": 0});
    assert_eq!(ask(&fake).await.raw_response, expected);
}
