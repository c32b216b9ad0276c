//! Workers that stand still, and cannot tell that they did, until another has done their work.

use std::time::Duration;

use pipeline_tests::{Pipeline, Program, Provider, Signal};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    crashes::{await_a_worker_behind_a_lock, hold_stock},
    world::{World, until},
};

const WORKER: Program = Program::OrderWorker(0);
/// By the worker's own clock no lease of these tests ever ends, and no heartbeat is due.
const ENDLESS_LEASE: [(&str, &str); 2] = [("WORKER__LEASE_SECONDS", "600"), ("GATEWAY__TIMEOUT_MS", "25000")];
const ASKED_AT_ONCE: (&str, &str) = ("RECONCILE__SCHEDULE_SECONDS", "0.5,3600");
/// The callback asks; no question beside it waits for the frozen worker's locks and writes when they are gone.
const ASKED_BY_THE_CALLBACK_ONLY: (&str, &str) = ("RECONCILE__SCHEDULE_SECONDS", "3600");
/// How long the server lets a transaction stand still, and how long rescue and another worker then take at most.
const STANDING_STILL_MAX: Duration = Duration::from_secs(15);
const MADE_AFTER_THAT_MAX: Duration = Duration::from_secs(12);

/// Who holds the intent's job of this type.
async fn holder_of(world: &World, job_type: &str, payment_intent_id: &str) -> String {
    let ask = "SELECT locked_by FROM job_queue WHERE idempotency_key = $1 AND status = 'processing'";
    let key = format!("{job_type}:{payment_intent_id}");
    world.rows().query_one(ask, &[&key]).await.unwrap().get(0)
}

/// Lets the leases of a worker run out by the database's clock, but for those that it holds in a transaction.
async fn let_leases_run_out(world: &World, worker_id: &str) {
    let run_out = "UPDATE job_queue SET locked_until = now() - interval '1 second' WHERE id IN
        (SELECT id FROM job_queue WHERE locked_by = $1 FOR UPDATE SKIP LOCKED)";
    world.rows().execute(run_out, &[&worker_id]).await.unwrap();
}

fn refusals(pipeline: &Pipeline) -> usize {
    pipeline.log(WORKER).unwrap().matches("the lease was lost; the answer is dropped").count()
}

/// Neither its heartbeat nor its clock tells the frozen worker anything: what refuses its answer is the fence in SQL.
#[tokio::test]
async fn an_answer_of_a_worker_that_cannot_know_that_it_lost_its_lease_is_refused() {
    let [lease, timeout] = ENDLESS_LEASE;
    let world = World::start_with(&[lease, timeout, ASKED_AT_ONCE]).await;
    for round in 1..=3 {
        let provider = Provider::ALL[round % 2];
        let (shopper, checkout) = world.checkout(provider).await;
        shopper.open_payment_page(&checkout).await.unwrap();
        let slow_once = json!({ "modes": ["answer_slow"], "slow_ms": 700, "question_count": 1 });
        world.pipeline.sandbox().set_modes(&checkout, &slow_once).await.unwrap();
        shopper.at_gateway(&checkout, "pay").await.unwrap();
        until("the worker asks", async || {
            let payment = world.pipeline.sandbox().payment(&checkout).await.unwrap();
            (payment["questions"] == 1).then_some(())
        })
        .await;
        world.pipeline.signal(WORKER, Signal::Stop).await.unwrap();
        let frozen = holder_of(&world, "verify_payment", &checkout.payment_intent_id).await;

        let replica = world.pipeline.start_beside().await.unwrap();
        let_leases_run_out(&world, &frozen).await;
        world.await_client_status(&shopper, &checkout, "confirmed").await;
        let before = world.fingerprint(&[]).await;
        world.pipeline.signal(WORKER, Signal::Continue).await.unwrap();
        until("the frozen worker's answer is refused", async || {
            (refusals(&world.pipeline) == round).then_some(())
        })
        .await;
        assert_eq!(world.fingerprint(&[]).await, before, "round {round}");
        assert_eq!(world.intent(&checkout.payment_intent_id).await.orders, 1);
        replica.stop().await.unwrap();
    }
    world.close().await;
}

/// Whoever stands still inside a transaction keeps its locks, and nobody can take its job away; the server ends it.
#[tokio::test]
async fn a_worker_frozen_inside_its_transaction_keeps_its_locks_for_a_bounded_time() {
    let [lease, timeout] = ENDLESS_LEASE;
    let world = World::start_with(&[lease, timeout, ASKED_BY_THE_CALLBACK_ONLY]).await;
    for (round, provider) in Provider::ALL.into_iter().enumerate() {
        let variant = world.variant().await;
        let shopper = world.shopper_with(&[(&variant, 1)]).await;
        let checkout = shopper.checkout(provider).await.unwrap();
        let holder = hold_stock(&world, &variant).await;
        shopper.pay(&checkout).await.unwrap();
        await_a_worker_behind_a_lock(&world).await;
        world.pipeline.signal(WORKER, Signal::Stop).await.unwrap();
        holder.batch_execute("ROLLBACK").await.unwrap();
        let frozen_at = Instant::now();
        let frozen = holder_of(&world, "finalize_order", &checkout.payment_intent_id).await;

        let replica = world.pipeline.start_beside().await.unwrap();
        until("its transaction is ended and its job free", async || {
            let_leases_run_out(&world, &frozen).await;
            let crashes =
                "SELECT count(*) FROM job_queue WHERE job_type = 'finalize_order' AND crash_count = 1";
            (world.count(crashes).await == i64::try_from(round).unwrap() + 1).then_some(())
        })
        .await;
        world.await_client_status(&shopper, &checkout, "confirmed").await;
        let took = frozen_at.elapsed();
        assert!(took < STANDING_STILL_MAX + MADE_AFTER_THAT_MAX, "made by another after {took:?}");

        let before = world.fingerprint(&[]).await;
        world.pipeline.signal(WORKER, Signal::Continue).await.unwrap();
        until("what the frozen worker writes is refused", async || {
            let refused = world
                .pipeline
                .log(WORKER)
                .unwrap()
                .matches("the lease was lost; nothing was written")
                .count();
            (refused == round + 1).then_some(())
        })
        .await;
        assert_eq!(world.fingerprint(&[]).await, before, "round {round}");
        assert_eq!(world.intent(&checkout.payment_intent_id).await.orders, 1);
        assert_eq!(world.stock(&variant).await, (999, 0, 1));
        replica.stop().await.unwrap();
    }
    world.close().await;
}
