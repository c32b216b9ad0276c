//! The fence, the heartbeat, and what is lost with a lease.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    orders::finalize::{ToFinalize, finalize},
    payments::{
        Gateways, QuestionPolicy,
        ask::look_up,
        gateway::{
            Answer, Asked, Gateway, Provider, Question, RefundReply, RefundRequest, StartPayment,
            StartPaymentError, StartedPayment,
        },
        record_answer::{RecordAnswer, RecordAnswerError, Source, record_answer},
    },
    queue::{self, Outcome, RetryPolicy, Settled, WorkerId},
};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::support::{LEASE, PATIENCE, World, refund_terms, until};

const POLICY: RetryPolicy = RetryPolicy { base: Duration::from_secs(1) };

#[tokio::test]
async fn whoever_lost_the_lease_can_write_nothing() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.shop.verify(&intent).await;
    let worker_id = WorkerId::unique("zombie");
    let lease = world.claim(&worker_id, "finalize_order", 1).await.remove(0);
    world
        .set("UPDATE job_queue SET locked_until = now() - interval '1 second' WHERE status = 'processing'")
        .await;
    let mut reaper = world.database.pool_as("stale_job_reaper").connection().await.unwrap();
    assert_eq!(queue::rescue_stale(&mut reaper).await.unwrap().requeued.len(), 1);
    // The next holder has the same name: the number alone must tell them apart.
    let next = world.claim(&worker_id, "finalize_order", 1).await.remove(0);
    assert_eq!(next.lease_no, lease.lease_no + 1);

    let mut connection = world.database.pool_as("order_worker").connection().await.unwrap();
    let connection = &mut *connection;
    assert!(queue::extend(connection, &worker_id, [&lease], LEASE).await.unwrap().is_empty());
    assert!(queue::complete(connection, &worker_id, std::slice::from_ref(&lease)).await.unwrap().is_empty());
    assert!(
        queue::return_unstarted(connection, &worker_id, std::slice::from_ref(&lease))
            .await
            .unwrap()
            .is_empty()
    );
    for outcome in [
        Outcome::Done,
        Outcome::Retry { error: "late".to_owned() },
        Outcome::Snooze { delay: Duration::ZERO },
        Outcome::GiveUp { reason: "late".to_owned() },
    ] {
        let settled = queue::settle(connection, &lease, outcome, POLICY, 0.5).await.unwrap();
        assert_eq!(settled, Settled::LeaseLost);
    }
    let late = ToFinalize { lease: &lease, payment_intent_id: &intent.payment_intent_id };
    let finalized = finalize(connection, &worker_id, &[late], &refund_terms()).await.unwrap();
    assert_eq!(finalized.lost_job_ids, [lease.job_id]);
    assert_eq!(world.count("SELECT count(*) FROM orders").await, 0);

    let held = ToFinalize { lease: &next, payment_intent_id: &intent.payment_intent_id };
    assert_eq!(finalize(connection, &worker_id, &[held], &refund_terms()).await.unwrap().ordered.len(), 1);
    assert!(world.shop.cases(&intent).await.is_empty());
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn an_answer_that_comes_after_the_lease_is_lost_changes_nothing() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.ask_now(&intent).await;
    let lease = world.claim(&WorkerId::unique("zombie"), "verify_payment", 1).await.remove(0);
    world.set("UPDATE job_queue SET lease_no = lease_no + 1, locked_by = 'another'").await;
    let mut connection = world.database.pool_as("order_worker").connection().await.unwrap();
    let found = look_up(&mut connection, &intent.payment_intent_id).await.unwrap().unwrap();
    let asked = Asked {
        answer: Answer::Paid {
            transaction_id: Some("late".to_owned()),
            amount_minor: intent.amount_minor,
            reference: intent.gateway_reference.clone(),
        },
        raw_response: json!({}),
    };
    let policy = QuestionPolicy {
        first_ages: vec![Duration::from_secs(60)],
        give_up_age: Duration::from_secs(86_400),
        not_found_grace: Duration::from_secs(900),
        job_attempts_max: 20,
    };
    let command = RecordAnswer {
        intent: &found,
        asked: &asked,
        source: Source::ScheduledQuestion,
        policy: &policy,
        lease: Some(&lease),
    };
    let refused = record_answer(&mut connection, command).await;
    assert!(matches!(refused, Err(RecordAnswerError::LeaseLost)), "{refused:?}");
    assert_eq!(world.shop.status(&intent).await, "awaiting_payment");
    let written = "SELECT (SELECT count(*) FROM payment_gateway_verifications) + (SELECT count(*) FROM job_queue
        WHERE job_type = 'finalize_order') + (SELECT count(*) FROM payment_intent_events WHERE kind = 'gateway_answered')";
    assert_eq!(world.count(written).await, 0);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn heartbeats_carry_a_job_far_past_its_lease() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.open_payment(&intent).await;
    world.act(&intent, "pay").await;
    world.answer_with(&intent, json!({ "modes": ["answer_slow"], "slow_ms": 2500 })).await;
    world.ask_now(&intent).await;
    let worker = world.worker(&[("WORKER__LEASE_SECONDS", "0.6"), ("WORKER__SHUTDOWN_GRACE_SECONDS", "0.5")]);
    let mut reaper = world.database.pool_as("stale_job_reaper").connection().await.unwrap();
    until("an order while the reaper looks on", async || {
        let rescued = queue::rescue_stale(&mut reaper).await.unwrap();
        assert!(rescued.requeued.is_empty(), "the lease ran out");
        world.count("SELECT count(*) FROM orders").await == 1
    })
    .await;
    worker.stop().await;
    let claims = "SELECT lease_no FROM job_queue WHERE job_type = 'verify_payment'";
    assert_eq!(world.count(claims).await, 1);
    world.database.assert_no_violations().await;
}

/// A gateway that never answers, and says when it was asked and when its caller went away.
#[derive(Debug)]
pub(crate) struct Silent {
    pub(crate) asked: Arc<Semaphore>,
    pub(crate) abandoned: Arc<Semaphore>,
}

impl Silent {
    pub(crate) fn gateways() -> (Gateways, Arc<Semaphore>, Arc<Semaphore>) {
        let (asked, abandoned) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let silent = Self { asked: Arc::clone(&asked), abandoned: Arc::clone(&abandoned) };
        (Gateways::new(vec![Arc::new(silent)]), asked, abandoned)
    }
}

struct Abandoned(Arc<Semaphore>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

type Answering<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Gateway for Silent {
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
        let abandoned = Abandoned(Arc::clone(&self.abandoned));
        self.asked.add_permits(1);
        Box::pin(async move {
            let _abandoned = abandoned;
            std::future::pending().await
        })
    }

    fn refund(&self, _: RefundRequest) -> Answering<'_, RefundReply> {
        Box::pin(std::future::pending())
    }
}

/// Waits for one permit.
pub(crate) async fn one(signal: &Semaphore) {
    tokio::time::timeout(PATIENCE, signal.acquire()).await.unwrap().unwrap().forget();
}

#[tokio::test]
async fn a_lost_lease_ends_the_question_that_runs_under_it() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.ask_now(&intent).await;
    let (gateways, asked, abandoned) = Silent::gateways();
    let worker = world
        .worker_with(gateways, &[("WORKER__LEASE_SECONDS", "6"), ("WORKER__SHUTDOWN_GRACE_SECONDS", "0.5")]);
    one(&asked).await;
    let began = Instant::now();
    world.set("UPDATE job_queue SET locked_by = 'another', lease_no = lease_no + 1, locked_until = now() + interval '1 hour'").await;
    one(&abandoned).await;
    // A third of the lease is a heartbeat; the lease's own end would come later.
    assert!(began.elapsed() < Duration::from_secs(4), "stopped by its deadline, not by the heartbeat");
    worker.stop().await;
    let held = "SELECT count(*) FROM job_queue WHERE status = 'processing' AND locked_by = 'another'";
    assert_eq!(world.count(held).await, 1, "the other holder keeps it");
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_worker_that_cannot_send_heartbeats_stops_when_its_lease_may_have_run_out() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.ask_now(&intent).await;
    let (gateways, asked, abandoned) = Silent::gateways();
    let worker = world.worker_with(
        gateways,
        &[("WORKER__LEASE_SECONDS", "0.6"), ("WORKER__SHUTDOWN_GRACE_SECONDS", "0.5")],
    );
    one(&asked).await;
    let mut blocker = world.database.client().await;
    let lock = blocker.transaction().await.unwrap();
    lock.execute("SELECT FROM job_queue FOR UPDATE", &[]).await.unwrap();
    one(&abandoned).await;
    lock.rollback().await.unwrap();
    worker.stop().await;
    world.database.assert_no_violations().await;
}
