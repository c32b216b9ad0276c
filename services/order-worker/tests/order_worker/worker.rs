//! The worker as a whole: woken, not starved, not killed by what it runs.

use std::{sync::Arc, time::Duration};

use domain::{
    payments::{
        Gateways,
        gateway::{
            Asked, Gateway, Provider, Question, RefundReply, RefundRequest, StartPayment, StartPaymentError,
            StartedPayment,
        },
    },
    queue::Waker,
};
use tokio_util::sync::CancellationToken;

use crate::{
    leases::{Silent, one},
    support::{World, until},
};

/// So long that only a wake-up explains what happens within a test's patience.
const HARDLY_EVER_POLLS: (&str, &str) = ("WORKER__POLL_INTERVAL_MS", "3600000");

#[tokio::test]
async fn a_wake_up_is_enough_and_a_paid_cart_becomes_its_order() {
    let world = World::new().await;
    let worker = world.worker(&[HARDLY_EVER_POLLS]);
    let listens = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN job_queue'";
    until("the worker listens", async || world.count(listens).await == 1).await;

    let (tea, rice) = (world.shop.variant(1_000, 5).await, world.shop.variant(250, 9).await);
    let cart = world.shop.cart(&[(&tea, 2), (&rice, 4)]).await;
    let intent = world.shop.intent(test_support::factories::Provider::Esewa, &cart).await;
    world.shop.verify(&intent).await;
    let (waker, stop) = (Waker::default(), CancellationToken::new());
    let sending = tokio::spawn(waker.clone().run(world.database.pool_as("payment_callback"), stop.clone()));
    waker.job_enqueued();
    world.wait_for(&intent, "completed").await;
    stop.cancel();
    sending.await.unwrap();
    worker.stop().await;

    assert_eq!(world.shop.stock(&tea).await, (3, 0, 2));
    assert_eq!(world.shop.stock(&rice).await, (5, 0, 4));
    assert_eq!(world.count("SELECT count(*) FROM cart_items").await, 0);
    assert_eq!(world.count("SELECT sum(line_total_minor)::bigint FROM order_items").await, 3_000);
    let done = "SELECT count(*) FROM job_queue WHERE job_type = 'finalize_order' AND status = 'completed'";
    assert_eq!(world.count(done).await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn polling_finds_what_no_wake_up_told() {
    let world = World::new().await;
    let worker = world.worker(&[]);
    let intent = world.intent().await;
    world.shop.verify(&intent).await;
    world.wait_for(&intent, "completed").await;
    worker.stop().await;
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn gateways_that_never_answer_keep_no_order_waiting() {
    let world = World::new().await;
    for _ in 0..3 {
        let silent = world.intent().await;
        world.ask_now(&silent).await;
    }
    let (gateways, asked, _abandoned) = Silent::gateways();
    let worker = world
        .worker_with(gateways, &[("WORKER__CONCURRENCY", "2"), ("WORKER__SHUTDOWN_GRACE_SECONDS", "0.1")]);
    one(&asked).await;
    one(&asked).await;
    let unclaimed = "SELECT count(*) FROM job_queue WHERE status = 'pending' AND attempts = 0";
    assert_eq!(world.count(unclaimed).await, 1, "no more is claimed than there are slots");
    let paid = world.intent().await;
    world.shop.verify(&paid).await;
    world.wait_for(&paid, "completed").await;
    worker.stop().await;
    world.database.assert_no_violations().await;
}

/// A gateway whose client has a defect.
#[derive(Debug)]
struct Panicking;

type Answering<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Gateway for Panicking {
    fn provider(&self) -> Provider {
        Provider::Esewa
    }

    fn reference_in_advance(&self, _: &str) -> Option<String> {
        None
    }

    fn start(&self, _: StartPayment) -> Answering<'_, Result<StartedPayment, StartPaymentError>> {
        Box::pin(std::future::pending())
    }

    fn ask(&self, _: Question) -> Answering<'_, Asked> {
        Box::pin(async { panic!("index out of bounds") })
    }

    fn refund(&self, _: RefundRequest) -> Answering<'_, RefundReply> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_panic_is_a_failed_attempt_and_the_lane_lives_on() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.ask_now(&intent).await;
    world.set("UPDATE job_queue SET max_attempts = 3").await;
    let worker = world.worker_with(Gateways::new(vec![Arc::new(Panicking)]), &[]);
    let failed = "SELECT count(*) FROM job_queue WHERE status = 'failed' AND attempts = 3 AND crash_count = 0
        AND last_error = 'attempt 3 of 3: panicked: index out of bounds'";
    until("three attempts", async || world.count(failed).await == 1).await;
    worker.stop().await;
    assert_eq!(world.shop.cases(&intent).await, [("job_failed".to_owned(), "open".to_owned())]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_payload_nobody_can_read_fails_at_once_and_its_key_says_whose_case_it_is() {
    let world = World::new().await;
    let (question, order) = (world.intent().await, world.intent().await);
    world.shop.verify(&order).await;
    world.ask_now(&question).await;
    world.set("UPDATE job_queue SET payload = '{\"intent\": 7}'").await;
    let worker = world.worker(&[]);
    let failed = "SELECT count(*) FROM job_queue WHERE status = 'failed' AND attempts = 1
        AND last_error LIKE 'the payload cannot be read: missing field `payment_intent_id`%'";
    until("both failed", async || world.count(failed).await == 2).await;
    worker.stop().await;
    for intent in [question, order] {
        assert_eq!(world.shop.cases(&intent).await, [("job_failed".to_owned(), "open".to_owned())]);
    }
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn jobs_of_intents_that_do_not_exist_are_given_up_with_the_reason() {
    let world = World::new().await;
    world
        .set(
            "INSERT INTO job_queue (job_type, payload)
             SELECT unnest(ARRAY['finalize_order', 'verify_payment']), '{\"payment_intent_id\": \"pi_nobody\"}'",
        )
        .await;
    let worker = world.worker(&[]);
    let failed = "SELECT count(*) FROM job_queue WHERE status = 'failed' AND last_error = 'there is no intent pi_nobody'";
    until("both failed", async || world.count(failed).await == 2).await;
    worker.stop().await;
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_worker_whose_connections_were_cut_goes_on_by_itself() {
    let world = World::new().await;
    let worker = world.worker(&[]);
    let first = world.intent().await;
    world.shop.verify(&first).await;
    world.wait_for(&first, "completed").await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'order-worker'";
    assert!(world.count(cut).await > 0);
    let second = world.intent().await;
    world.shop.verify(&second).await;
    world.wait_for(&second, "completed").await;
    worker.stop().await;
    world.database.assert_no_violations().await;
}

/// No reaper runs here: what is left to it would wait for ever.
#[tokio::test]
async fn an_outage_that_is_shorter_than_a_lease_counts_as_no_crash() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.shop.verify(&intent).await;
    let mut blocker = world.database.client().await;
    let lock = blocker.transaction().await.unwrap();
    lock.execute("SELECT FROM carts FOR UPDATE", &[]).await.unwrap();
    let worker = world.worker(&[]);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'order-worker' AND wait_event_type = 'Lock'";
    until("the order is under way", async || world.count(waits).await == 1).await;
    // The statement for it is refused inside the database itself.
    let allow = async |connections: bool| {
        let set = "UPDATE pg_database SET datallowconn = $1 WHERE datname = current_database()";
        world.shop.client.execute(set, &[&connections]).await.unwrap();
    };
    allow(false).await;
    world
        .set(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND application_name = 'order-worker'",
        )
        .await;
    lock.rollback().await.unwrap();
    let nearly_over = "SELECT count(*) FROM job_queue
        WHERE status = 'processing' AND locked_until < clock_timestamp() + interval '2 seconds'";
    until("the lease has nearly run out", async || world.count(nearly_over).await == 1).await;
    allow(true).await;
    world.wait_for(&intent, "completed").await;
    worker.stop().await;
    let job = "SELECT count(*) FROM job_queue WHERE job_type = 'finalize_order' AND attempts = 2 AND crash_count = 0";
    assert_eq!(world.count(job).await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn readiness_asks_the_database_and_liveness_does_not() {
    let world = World::new().await;
    let away = ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing");
    let (ready, lost) = (world.worker(&[]), world.worker(&[away]));
    let get = async |port: u16, path: &str| {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    until("ready", async || get(ready.port, "/readyz").await.0 == 200).await;
    let (status, body) = get(lost.port, "/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains("the database cannot be reached"), "{body}");
    assert!(body.contains(r#"{"name":"finalize_order","ready":true}"#), "just started: {body}");
    assert_eq!(get(lost.port, "/livez").await.0, 200);
    let figures = async || get(ready.port, "/metrics").await.1;
    until("figures", async || figures().await.contains("job_queue_jobs{job_type=\"verify_payment\"")).await;
    let page = figures().await;
    assert!(page.contains("database_connections_max{pool=\"control\"} 3"), "{page}");
    ready.stop().await;
    tokio::time::timeout(Duration::from_secs(10), lost.stop()).await.unwrap();
}
