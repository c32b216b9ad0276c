//! Workers that die, freeze or are asked to stop at the worst moment.

use pipeline_tests::{Checkout, Program, Provider, Shopper, Signal};
use serde_json::json;
use tokio_postgres::Client;

use crate::world::{World, until};

const WORKER: Program = Program::OrderWorker(0);
const INTENTS_IN_FLIGHT: usize = 12;
const QUICK_LEASE: [(&str, &str); 1] = [("WORKER__LEASE_SECONDS", "1.5")];

/// Holds the stock of a variant, so that whoever finalizes an order for it has to wait inside the transaction.
pub(crate) async fn hold_stock(world: &World, variant_id: &str) -> Client {
    let holder = world.database.client().await;
    holder.batch_execute("BEGIN").await.unwrap();
    let lock = "SELECT FROM inventory WHERE variant_id = $1 FOR UPDATE";
    holder.execute(lock, &[&variant_id]).await.unwrap();
    holder
}

pub(crate) async fn await_a_worker_behind_a_lock(world: &World) {
    until("a worker waits inside its transaction", async || {
        let ask = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'order-worker' AND wait_event_type = 'Lock'";
        (world.count(ask).await > 0).then_some(())
    })
    .await;
}

async fn paid(world: &World, variant_id: &str, provider: Provider) -> (Shopper, Checkout) {
    let shopper = world.shopper_with(&[(variant_id, 1)]).await;
    let checkout = shopper.checkout(provider).await.unwrap();
    shopper.pay(&checkout).await.unwrap();
    (shopper, checkout)
}

#[tokio::test]
async fn a_worker_killed_inside_finalize_leaves_nothing_half_done_and_its_job_is_run_again() {
    let mut world = World::start_with(&QUICK_LEASE).await;
    for provider in Provider::ALL {
        let variant = world.variant().await;
        let shopper = world.shopper_with(&[(&variant, 1)]).await;
        let checkout = shopper.checkout(provider).await.unwrap();
        let holder = hold_stock(&world, &variant).await;
        shopper.pay(&checkout).await.unwrap();
        await_a_worker_behind_a_lock(&world).await;
        world.pipeline.kill(WORKER).await.unwrap();
        holder.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(world.intent(&checkout.payment_intent_id).await.orders, 0);

        world.pipeline.restart(WORKER).await.unwrap();
        world.await_client_status(&shopper, &checkout, "confirmed").await;
        let crashes = "SELECT crash_count FROM job_queue WHERE idempotency_key = 'finalize_order:' || $1";
        let job = world.rows().query_one(crashes, &[&checkout.payment_intent_id]).await.unwrap();
        assert_eq!(job.get::<_, i32>(0), 1, "the job was not rescued, so nothing was proven");
        assert_eq!(world.intent(&checkout.payment_intent_id).await.orders, 1);
        assert_eq!(world.stock(&variant).await, (999, 0, 1));
    }
    world.close().await;
}

#[tokio::test]
async fn killing_workers_while_many_payments_arrive_loses_and_doubles_none() {
    let mut world = World::start_with(&QUICK_LEASE).await;
    let variant = world.variant().await;
    let mut bought = Vec::new();
    for index in 0..INTENTS_IN_FLIGHT {
        let provider = Provider::ALL[index % 2];
        bought.push(paid(&world, &variant, provider).await);
        if index % 4 == 3 {
            world.pipeline.kill(WORKER).await.unwrap();
            world.pipeline.restart(WORKER).await.unwrap();
        }
    }
    for (shopper, checkout) in &bought {
        world.await_client_status(shopper, checkout, "confirmed").await;
        assert_eq!(world.intent(&checkout.payment_intent_id).await.orders, 1);
    }
    let sold = i32::try_from(INTENTS_IN_FLIGHT).unwrap();
    assert_eq!(world.stock(&variant).await, (1_000 - sold, 0, sold));
    world.close().await;
}

#[tokio::test]
async fn what_a_frozen_worker_says_after_its_lease_changes_nothing() {
    let settings =
        [QUICK_LEASE[0], ("GATEWAY__TIMEOUT_MS", "8000"), ("RECONCILE__SCHEDULE_SECONDS", "0.5,60")];
    let world = World::start_with(&settings).await;
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    shopper.open_payment_page(&checkout).await.unwrap();
    let slow_once = json!({ "modes": ["answer_slow"], "slow_ms": 800, "question_count": 1 });
    world.pipeline.sandbox().set_modes(&checkout, &slow_once).await.unwrap();
    shopper.at_gateway(&checkout, "pay").await.unwrap();
    until("the worker asks", async || {
        let payment = world.pipeline.sandbox().payment(&checkout).await.unwrap();
        (payment["questions"] == 1).then_some(())
    })
    .await;
    world.pipeline.signal(WORKER, Signal::Stop).await.unwrap();

    let replica = world.pipeline.start_beside().await.unwrap();
    world.await_client_status(&shopper, &checkout, "confirmed").await;
    let events = "SELECT count(*) FROM payment_intent_events";
    let recorded = world.count(events).await;

    world.pipeline.signal(WORKER, Signal::Continue).await.unwrap();
    until("the worker finds its lease lost, by what it writes or by what it gives back", async || {
        let log = world.pipeline.log(WORKER).unwrap();
        let is_lost = log.contains("lease") && log.contains("lost");
        (is_lost || log.contains("\"returned\":0")).then_some(())
    })
    .await;
    assert_eq!(world.count(events).await, recorded);
    assert_eq!(world.intent(&checkout.payment_intent_id).await.orders, 1);
    replica.stop().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn a_worker_asked_to_stop_finishes_what_it_can_and_gives_back_the_rest() {
    let settings = [
        ("GATEWAY__TIMEOUT_MS", "20000"),
        ("RECONCILE__SCHEDULE_SECONDS", "0.5,60"),
        ("WORKER__SHUTDOWN_GRACE_SECONDS", "1.5"),
    ];
    let mut world = World::start_with(&settings).await;
    let sandbox = world.pipeline.sandbox();
    let mut asked = Vec::new();
    for slow_ms in [600, 15_000] {
        let (shopper, checkout) = world.checkout(Provider::Khalti).await;
        shopper.open_payment_page(&checkout).await.unwrap();
        let slow = json!({ "modes": ["answer_slow"], "slow_ms": slow_ms, "question_count": 1 });
        sandbox.set_modes(&checkout, &slow).await.unwrap();
        shopper.at_gateway(&checkout, "pay").await.unwrap();
        asked.push((shopper, checkout));
    }
    let [(_, quick), (patient, slow)] = asked.as_slice() else { unreachable!() };
    until("both questions are asked, and neither is answered", async || {
        let counts = (sandbox.payment(quick).await.unwrap(), sandbox.payment(slow).await.unwrap());
        (counts.0["questions"] == 1 && counts.1["questions"] == 1).then_some(())
    })
    .await;
    world.pipeline.terminate(WORKER).await.unwrap();

    let job =
        "SELECT status, attempts, crash_count FROM job_queue WHERE idempotency_key = 'verify_payment:' || $1";
    let returned = world.rows().query_one(job, &[&slow.payment_intent_id]).await.unwrap();
    let returned: (String, i32, i32) = (returned.get(0), returned.get(1), returned.get(2));
    assert_eq!(returned, ("pending".to_owned(), 0, 0));
    assert_eq!(world.count("SELECT count(*) FROM job_queue WHERE status = 'processing'").await, 0);
    assert_eq!(world.intent(&slow.payment_intent_id).await.status, "awaiting_payment");
    let finished = world.intent(&quick.payment_intent_id).await.status;
    assert!(["verified", "completed"].contains(&finished.as_str()), "{finished}");

    world.pipeline.restart(WORKER).await.unwrap();
    world.await_client_status(patient, slow, "confirmed").await;
    world.close().await;
}
