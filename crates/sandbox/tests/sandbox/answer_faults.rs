use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{KHALTI_KEY, world};

const FAULTS: [(&str, u16); 5] = [
    ("answer_forbidden", 403),
    ("answer_rate_limited", 429),
    ("answer_server_error", 503),
    ("answer_html", 200),
    ("answer_truncated", 200),
];

#[tokio::test]
async fn esewa_answers_can_be_useless_in_every_way() {
    let world = world().await;
    world.open_esewa("faulty", "100").await;
    for (mode, code) in FAULTS {
        world.set_modes("esewa", "faulty", &[mode]).await;
        let answer = world.ask_esewa("faulty", "100").await;
        assert_eq!(answer.status(), code, "{mode}");
        assert!(serde_json::from_str::<Value>(&answer.text().await.unwrap()).is_err(), "{mode}");
    }
    assert_eq!(world.payment("esewa", "faulty").await["questions"], 5);
}

#[tokio::test]
async fn khalti_answers_can_be_useless_in_every_way() {
    let world = world().await;
    let pidx = world.open_khalti("faulty").await;
    for (mode, code) in FAULTS {
        world.set_modes("khalti", &pidx, &[mode]).await;
        let answer = world.khalti("/khalti/api/v2/epayment/lookup/", json!({ "pidx": pidx })).await;
        assert_eq!(answer.status(), code, "{mode}");
        assert!(serde_json::from_str::<Value>(&answer.text().await.unwrap()).is_err(), "{mode}");
    }
}

#[tokio::test]
async fn a_dropped_connection_is_no_answer() {
    let world = world().await;
    let pidx = world.open_khalti("dropped").await;
    world.set_modes("khalti", &pidx, &["answer_dropped"]).await;
    let call =
        world.client.post(world.at("/khalti/api/v2/epayment/lookup/")).header("Authorization", KHALTI_KEY);
    let heard = match call.json(&json!({ "pidx": pidx })).send().await {
        Ok(answer) => answer.bytes().await.map(|body| body.len()),
        Err(error) => Err(error),
    };
    assert!(heard.is_err(), "{heard:?}");
}

#[tokio::test]
async fn a_slow_answer_is_right_in_the_end() {
    let world = world().await;
    world.open_esewa("slow", "100").await;
    world.set_modes_with("esewa", "slow", json!({ "modes": ["answer_slow"], "slow_ms": 200 })).await;
    let asked = Instant::now();
    assert_eq!(world.esewa_status("slow").await["status"], "PENDING");
    assert!(asked.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn modes_of_answers_wear_off_after_so_many_questions() {
    let world = world().await;
    let pidx = world.open_khalti("wears-off").await;
    world.act("khalti", &pidx, "pay").await;
    world.set_modes_with("khalti", &pidx, json!({ "modes": ["says_pending"], "question_count": 2 })).await;
    for word in ["Pending", "Pending", "Completed", "Completed"] {
        assert_eq!(world.lookup(&pidx).await.1["status"], word);
    }
}
