//! Flows of the reaper.

use pipeline_tests::{Program, Provider};

use crate::{
    buying::{Intended, STOCK},
    crash::{Crash, cover},
    stage::{Stage, until},
    traffic,
};

async fn expire(stage: &Stage, crash: &Crash<'_>) {
    let intended = Intended::to_buy_one(stage, Provider::Esewa).await;
    let mut client = stage.database.client().await;
    let transaction = client.transaction().await.unwrap();
    let pass = "UPDATE payment_intents SET expires_at = clock_timestamp() WHERE payment_intent_id = $1";
    transaction.execute(pass, &[&intended.id()]).await.unwrap();
    crash.arm();
    transaction.commit().await.unwrap();
    intended.await_status(stage, &["expired"]).await;
    crash.over().await;
    assert_eq!(intended.purchase.stock(stage).await, (STOCK, 0, 0));
    let released =
        "SELECT count(*) FROM inventory_movements WHERE payment_intent_id = $1 AND reason = 'released'";
    assert_eq!(stage.value::<i64>(released, intended.id()).await, 1);
}

#[tokio::test]
async fn an_intent_expires_once_wherever_the_connection_is_cut() {
    let stage = Stage::start(Program::StaleJobReaper, &[]).await;
    cover("expire", &stage, traffic::expiry, async |crash| expire(&stage, crash).await).await;
    stage.close().await;
}

/// A worker claimed the job of an order and died: its lease has run out.
async fn rescue(stage: &Stage, crash: &Crash<'_>) {
    let intended = Intended::to_buy_one(stage, Provider::Esewa).await;
    intended.pay_and_return().await;
    let mut client = stage.database.client().await;
    let transaction = client.transaction().await.unwrap();
    let die = "UPDATE job_queue SET status = 'processing', attempts = attempts + 1, lease_no = lease_no + 1,
               locked_by = 'order-worker-that-died', locked_until = clock_timestamp()
        WHERE idempotency_key = 'finalize_order:' || $1 AND status = 'pending'";
    assert_eq!(transaction.execute(die, &[&intended.id()]).await.unwrap(), 1);
    crash.arm();
    transaction.commit().await.unwrap();
    until("the job is rescued", async || {
        let ask = "SELECT status <> 'processing' OR locked_by <> 'order-worker-that-died' FROM job_queue
            WHERE idempotency_key = 'finalize_order:' || $1";
        stage.value::<bool>(ask, intended.id()).await.then_some(())
    })
    .await;
    crash.over().await;
    intended.assert_bought_once(stage).await;
    let crashes = "SELECT crash_count FROM job_queue WHERE idempotency_key = 'finalize_order:' || $1";
    assert_eq!(stage.value::<i32>(crashes, intended.id()).await, 1);
}

#[tokio::test]
async fn a_job_is_rescued_once_wherever_the_connection_is_cut() {
    let stage = Stage::start(Program::StaleJobReaper, &[]).await;
    stage.hold_new("finalize_order").await;
    cover("rescue", &stage, traffic::rescue, async |crash| rescue(&stage, crash).await).await;
    stage.close().await;
}
