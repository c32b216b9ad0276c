//! Flows of the worker: each begins with the claim of its job.

use pipeline_tests::{
    Program, Provider,
    fault_proxy::{Message, Side},
};

use crate::{
    buying::Intended,
    crash::{Crash, cover},
    stage::{Stage, until},
    traffic::{self, Which},
};

const WORKER: Program = Program::OrderWorker(0);
const FINALIZE: &str = "finalize_order";
const VERIFY: &str = "verify_payment";
const REFUND: &str = "refund_payment";

fn finalize_job() -> Which {
    traffic::job(FINALIZE)
}

async fn finalize(stage: &Stage, crash: &Crash<'_>) {
    let intended = Intended::to_buy_one(stage, Provider::Esewa).await;
    intended.pay_and_return().await;
    stage.release(FINALIZE, intended.id(), || crash.arm()).await;
    intended.await_status(stage, &["completed"]).await;
    crash.over().await;
    intended.assert_bought_once(stage).await;
}

#[tokio::test]
async fn an_order_is_made_once_wherever_the_connection_is_cut() {
    let stage = Stage::start(WORKER, &[]).await;
    stage.hold_new(FINALIZE).await;
    cover("finalize", &stage, finalize_job, async |crash| finalize(&stage, crash).await).await;
    stage.close().await;
}

/// The reservation is gone and its payment comes; the stock is still there.
async fn late_payment(stage: &Stage, crash: &Crash<'_>) {
    let intended = Intended::to_buy_one(stage, Provider::Khalti).await;
    intended.expire(stage).await;
    intended.pay_and_return().await;
    stage.release(FINALIZE, intended.id(), || crash.arm()).await;
    intended.await_status(stage, &["completed"]).await;
    crash.over().await;
    intended.assert_bought_once(stage).await;
}

#[tokio::test]
async fn a_late_payment_becomes_one_order_wherever_the_connection_is_cut() {
    let stage = Stage::start(WORKER, &[]).await;
    stage.hold_new(FINALIZE).await;
    cover("late payment", &stage, finalize_job, async |crash| late_payment(&stage, crash).await).await;
    stage.close().await;
}

/// The shopper paid and never came back.
async fn reconcile(stage: &Stage, crash: &Crash<'_>) {
    let intended = Intended::to_buy_one(stage, Provider::Khalti).await;
    intended.pay().await;
    stage.release(VERIFY, intended.id(), || crash.arm()).await;
    intended.await_status(stage, &["verified"]).await;
    crash.over().await;
    stage.release(FINALIZE, intended.id(), || ()).await;
    intended.assert_bought_once(stage).await;
}

#[tokio::test]
async fn a_payment_is_found_once_wherever_the_connection_is_cut() {
    let stage = Stage::start(WORKER, &[]).await;
    stage.hold_new(FINALIZE).await;
    let which = || traffic::job(VERIFY);
    cover("reconcile", &stage, which, async |crash| reconcile(&stage, crash).await).await;
    stage.close().await;
}

/// A late payment for which there is no stock goes back.
async fn refund(stage: &Stage, crash: &Crash<'_>) {
    let intended = Intended::to_buy_one(stage, Provider::Khalti).await;
    intended.expire(stage).await;
    let sell_out = "SELECT set_stock($1, 0, 'sold in the street')";
    stage.shop.client.query_one(sell_out, &[&intended.purchase.variant_id]).await.unwrap();
    intended.pay_and_return().await;
    intended.await_status(stage, &["refunding"]).await;
    stage.release(REFUND, intended.id(), || crash.arm()).await;
    let is_back = until("the money is back or a person is asked", async || {
        let ask = "SELECT CASE WHEN pi.status = 'refunded' THEN 'back' WHEN c.id IS NOT NULL THEN 'asked' END
            FROM payment_intents pi LEFT JOIN review_cases c
              ON c.payment_intent_id = pi.payment_intent_id AND c.status = 'open' AND c.kind = 'refund_failed'
            WHERE pi.payment_intent_id = $1";
        let end = stage.value::<Option<String>>(ask, intended.id()).await;
        if end.is_none() && crash.at().is_some() {
            stage.hurry(intended.id()).await;
        }
        end.map(|end| end == "back")
    })
    .await;
    crash.over().await;

    let job = "SELECT count(*) FROM job_queue WHERE idempotency_key = 'refund_payment:' || $1
        AND status = 'completed'";
    let payment = stage.pipeline.sandbox().payment(&intended.checkout).await.unwrap();
    let (paid_minor, refunded_minor) =
        (payment["paid_minor"].as_i64().unwrap(), payment["refunded_minor"].as_i64().unwrap());
    let refunds = "SELECT string_agg(status, ',') FROM refunds WHERE payment_intent_id = $1";
    let refunds: String = stage.value(refunds, intended.id()).await;
    assert_eq!(intended.purchase.stock(stage).await, (0, 0, 0));
    if is_back {
        until("the refund's job is done", async || {
            (stage.value::<i64>(job, intended.id()).await == 1).then_some(())
        })
        .await;
        assert_eq!((refunded_minor, refunds.as_str()), (paid_minor, "succeeded"));
    } else {
        // `sent` is committed before the call, so that it is never made twice: whoever does not know whether it was
        // committed never calls, and a person is asked.
        let may_be_sent = crash.side() == Side::After && crash.at().is_some_and(|at: Message| at.is_commit());
        assert!(may_be_sent, "a person is asked though nothing was in doubt");
        assert_eq!((refunded_minor, refunds.as_str()), (0, "requested"));
    }
}

#[tokio::test]
async fn a_refund_is_sent_at_most_once_wherever_the_connection_is_cut() {
    let stage = Stage::start(WORKER, &[("RECONCILE__GIVE_UP_SECONDS", "1")]).await;
    stage.hold_new(REFUND).await;
    let which = || traffic::job(REFUND);
    cover("refund", &stage, which, async |crash| refund(&stage, crash).await).await;
    stage.close().await;
}
