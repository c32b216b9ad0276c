//! Answers that break off, come too late, or lead elsewhere: nothing of it is ever an answer.

use std::time::Duration;

use domain::payments::gateway::{Answer, Asked, Gateway, Question};
use gateways::{
    esewa::{Esewa, EsewaSettings},
    khalti::Khalti,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    esewa_form,
    fake::{Behaviour, FakeGateway, IMPATIENCE, PATIENCE, client},
    khalti_initiate,
};

/// What both gateways would answer at best, so that only the transport stands in the way.
const PAID: &str = r#"{"product_code":"EPAYTEST","transaction_uuid":"ref","total_amount":1000,"status":"COMPLETE","ref_id":"1","pidx":"ref","transaction_id":"1"}"#;

fn question() -> Question {
    Question {
        payment_intent_id: "pi_esewa_1".to_owned(),
        gateway_reference: "ref".to_owned(),
        amount_minor: 1000,
    }
}

async fn ask_both(url: &str, timeout: Duration) -> [Asked; 2] {
    let status_url = format!("{url}/status/").parse().unwrap();
    let configured = EsewaSettings { status_url, ..esewa_form::settings() };
    let esewa = Esewa::new(configured, client(timeout)).unwrap();
    let khalti = Khalti::new(khalti_initiate::settings(url), client(timeout)).unwrap();
    [esewa.ask(question()).await, khalti.ask(question()).await]
}

async fn reasons(behaviour: Behaviour, timeout: Duration) -> Vec<String> {
    let fake = FakeGateway::behaving(behaviour).await;
    let answers = ask_both(&fake.url, timeout).await;
    answers.map(|asked| reason_of(asked.answer)).into()
}

fn reason_of(answer: Answer) -> String {
    match answer {
        Answer::Unknown { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn bytes(head: &str, body: &str) -> Behaviour {
    Behaviour::Bytes(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n{body}").into_bytes())
}

#[tokio::test]
async fn silence_is_unknown() {
    assert_eq!(reasons(Behaviour::Silence, IMPATIENCE).await, ["no answer in time", "no answer in time"]);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_unknown_even_where_it_reads_well() {
    let longer = format!("200 OK\r\nContent-Length: {}", PAID.len() + 1);
    for reason in reasons(bytes(&longer, PAID), PATIENCE).await {
        assert!(reason.starts_with("the connection broke"), "{reason}");
    }
    let chunked = "200 OK\r\nTransfer-Encoding: chunked";
    for reason in reasons(bytes(chunked, &format!("{:x}\r\n{PAID}\r\n", PAID.len())), PATIENCE).await {
        assert!(reason.starts_with("the connection broke"), "{reason}");
    }
}

#[tokio::test]
async fn what_does_not_speak_http_is_unknown() {
    for garbage in ["", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 banana\r\n\r\n"] {
        for reason in reasons(Behaviour::Bytes(garbage.as_bytes().to_vec()), PATIENCE).await {
            assert!(reason.starts_with("the connection broke"), "{garbage}: {reason}");
        }
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let endless = bytes("200 OK", &" ".repeat(65 * 1024));
    for reason in reasons(endless, PATIENCE).await {
        assert_eq!(reason, "the answer is longer than 65536 bytes");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = FakeGateway::answering(200, PAID).await;
    for code in [301, 302, 307, 308] {
        let head = format!("{code} X\r\nLocation: {}/\r\nContent-Length: 0", elsewhere.url);
        for reason in reasons(bytes(&head, ""), PATIENCE).await {
            assert!(reason.contains(&code.to_string()), "{reason}");
        }
    }
    assert_eq!(elsewhere.received().await, []);
}

#[tokio::test]
async fn nobody_listening_is_unknown_and_leaves_empty_evidence() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    for asked in ask_both(&url, PATIENCE).await {
        assert_eq!(asked.raw_response, json!({"text": ""}));
        let reason = reason_of(asked.answer);
        assert!(reason.starts_with("no connection"), "{reason}");
    }
}

/// The same words over a sound connection are an answer: the tests above would see one if there were one.
#[tokio::test]
async fn the_answer_itself_is_one() {
    let fake = FakeGateway::answering(200, PAID).await;
    let [esewa, _] = ask_both(&fake.url, PATIENCE).await;
    assert!(matches!(esewa.answer, Answer::Paid { amount_minor: 100_000, .. }), "{esewa:?}");
    let fake = FakeGateway::answering(200, &PAID.replace("COMPLETE", "Completed")).await;
    let [_, khalti] = ask_both(&fake.url, PATIENCE).await;
    assert!(matches!(khalti.answer, Answer::Paid { amount_minor: 1000, .. }), "{khalti:?}");
}
