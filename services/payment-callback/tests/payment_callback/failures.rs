//! Gateways, databases and browsers that go away.

use std::time::{Duration, Instant};

use domain::payments::gateway::Provider;
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    shop::Intent,
    world::{WAIT_MAX, World, world, world_with},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_without_an_answer_leaves_the_question_to_the_queue_at_once() {
    let world = world_with(&[("GATEWAY__TIMEOUT_MS", "400")]).await;
    for provider in Provider::ALL {
        for mode in [
            "answer_slow",
            "answer_server_error",
            "answer_html",
            "answer_dropped",
            "answer_truncated",
            "answer_forbidden",
        ] {
            let intent = world.shop.intent(provider).await;
            world.set_modes(&intent, json!({ "modes": [mode], "slow_ms": 2000 })).await;
            let url = world.redirect_after(&intent, "pay").await;
            let began = Instant::now();
            let answer = world.open(&url).await;
            assert!(began.elapsed() < Duration::from_secs(2), "{provider} {mode}: the shopper waited");
            assert_eq!((answer.code.as_u16(), answer.status()), (202, "verifying"), "{provider} {mode}");
            assert!(world.question_due_in(&intent).await <= 0.0, "{provider} {mode}: due at once");
            assert_eq!(world.verifications(&intent).await, 0, "{provider} {mode}");
        }
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_waits_three_seconds_at_most_whatever_the_gateway_may_take() {
    let world = world_with(&[("GATEWAY__TIMEOUT_MS", "10000")]).await;
    let intent = world.shop.intent(Provider::Esewa).await;
    world.set_modes(&intent, json!({ "modes": ["answer_slow"], "slow_ms": 8000 })).await;
    let url = world.redirect_after(&intent, "pay").await;
    let began = Instant::now();
    assert_eq!(world.open(&url).await.status(), "verifying");
    let waited = began.elapsed();
    assert!(waited > Duration::from_millis(2900) && waited < Duration::from_secs(5), "{waited:?}");
    assert!(world.question_due_in(&intent).await <= 0.0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_gone_altogether_is_no_answer() {
    let world = world_with(&[("KHALTI__BASE_URL", "http://127.0.0.1:9/")]).await;
    let intent = world.shop.intent(Provider::Khalti).await;
    let url = world.redirect_after(&intent, "pay").await;
    assert_eq!(world.open(&url).await.status(), "verifying");
    assert!(world.question_due_in(&intent).await <= 0.0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_has_failed_stays_failed_when_the_gateway_falls_silent() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    let url = world.redirect_after(&intent, "cancel").await;
    assert_eq!(world.open(&url).await.status(), "failed");
    world.act(&intent, "outage").await;
    world.forget_last_question(&intent).await;
    assert_eq!(world.open(&url).await.status(), "failed");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_the_service_refuses_and_recovers_by_itself() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let url = world.redirect_after(&intent, "pay").await;
    let name: String =
        world.database.client().await.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let elsewhere = server_of(world.database.url()).await;
    elsewhere.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await.unwrap();
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    elsewhere.execute(others, &[&name]).await.unwrap();

    let answer = world.open(&url).await;
    assert_eq!(
        (answer.code.as_u16(), answer.problem_code()),
        (503, "service_unavailable"),
        "{}",
        answer.body
    );
    let page = world.browse(&url).await;
    assert_eq!(page.status(), 503);
    assert!(page.headers().contains_key("retry-after"));
    let page = page.text().await.unwrap();
    assert!(page.contains(r#"<meta http-equiv="refresh" content="2">"#), "the page tries again by itself");
    assert_eq!(world.client.get(world.at("/readyz")).send().await.unwrap().status(), 503);
    assert_eq!(world.client.get(world.at("/livez")).send().await.unwrap().status(), 200);

    elsewhere.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await.unwrap();
    let answer = world.open(&url).await;
    assert_eq!((answer.code.as_u16(), answer.status()), (200, "paid"));
    assert_eq!(world.client.get(world.at("/readyz")).send().await.unwrap().status(), 200);
    world.finish().await;
}

/// A connection to another database of the same server.
async fn server_of(database_url: &str) -> tokio_postgres::Client {
    let mut url = url::Url::parse(database_url).unwrap();
    url.set_path("postgres");
    let (client, connection) = tokio_postgres::connect(url.as_str(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(async move {
        // The client's own calls report a connection that broke.
        drop(connection.await);
    });
    client
}

/// A browser that vanishes while the gateway is being asked: its connection is reset, not closed.
async fn vanish_while_asked(world: &World, intent: &Intent, url: &str) {
    let url = url::Url::parse(url).unwrap();
    let mut browser = TcpStream::connect(url.socket_addrs(|| None).unwrap().as_slice()).await.unwrap();
    let target = &url[url::Position::BeforePath..];
    let request = format!("GET {target} HTTP/1.1\r\nHost: callback\r\nAccept: application/json\r\n\r\n");
    browser.write_all(request.as_bytes()).await.unwrap();
    let deadline = Instant::now() + WAIT_MAX;
    while world.questions(intent).await == 0 {
        assert!(Instant::now() < deadline, "the gateway was never asked");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    browser.set_zero_linger().unwrap();
    drop(browser);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_vanishes_does_not_end_the_work() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    world.set_modes(&intent, json!({ "modes": ["answer_slow"], "slow_ms": 1000 })).await;
    let url = world.redirect_after(&intent, "pay").await;
    vanish_while_asked(&world, &intent, &url).await;
    assert_eq!(world.intent_status(&intent).await, "awaiting_payment");
    world.wait_for_status(&intent, "verified").await;
    assert_eq!(world.finalize_jobs(&intent).await, 1);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_service_finishes_what_a_vanished_browser_began() {
    let mut world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    world.set_modes(&intent, json!({ "modes": ["answer_slow"], "slow_ms": 1000 })).await;
    let url = world.redirect_after(&intent, "pay").await;
    vanish_while_asked(&world, &intent, &url).await;
    let began = Instant::now();
    world.service.stop();
    assert!(began.elapsed() < WAIT_MAX);
    assert_eq!(world.intent_status(&intent).await, "verified");
    world.finish().await;
}
