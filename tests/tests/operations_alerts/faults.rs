use pipeline_tests::{Program, Provider};

use crate::{
    prometheus::Prometheus,
    world::{SOON, World},
};

/// Payments that are asked about while the gateway is away; the alert wants three unanswered calls.
const UNANSWERED: usize = 5;

/// The three faults stand one after the other on one pipeline: that each alert ends with its fault is part of the test.
#[tokio::test(flavor = "multi_thread")]
async fn real_faults_make_their_alerts_fire_and_health_ends_them() {
    let mut world = World::start().await;
    let prometheus = Prometheus::start(&world.pipeline).await;
    prometheus.await_quiet().await;

    world.pipeline.kill(Program::StaleJobReaper).await.unwrap();
    world.execute("UPDATE invariant_check_progress SET checked_at = now() - interval '3 minutes'").await;
    prometheus.await_firing("ReaperSilent").await;
    world.pipeline.restart(Program::StaleJobReaper).await.unwrap();
    prometheus.await_quiet().await;

    world.pipeline.terminate(Program::OrderWorker(0)).await.unwrap();
    let (shopper, checkout) = world.checkout(Provider::Khalti).await;
    shopper.pay(&checkout).await.unwrap();
    // Due for longer than the rule bears, and paid for longer than that.
    let due = "UPDATE job_queue SET run_at = now() - interval '6 minutes'
        WHERE job_type = 'finalize_order' AND status = 'pending'";
    assert_eq!(world.execute(due).await, 1);
    for alert in ["OldestDueJob", "FigureMissing"] {
        prometheus.await_firing(alert).await;
    }
    world.pipeline.restart(Program::OrderWorker(0)).await.unwrap();
    prometheus.await_ended("OldestDueJob").await;
    shopper.await_status(&checkout.payment_intent_id, "confirmed", SOON).await.unwrap();

    let mut waiting = Vec::new();
    for _ in 0..UNANSWERED {
        waiting.push(world.checkout(Provider::Esewa).await);
    }
    world.pipeline.kill(Program::Sandbox).await.unwrap();
    for (shopper, checkout) in &waiting {
        let (url, id) = (world.pipeline.callback_url(), &checkout.payment_intent_id);
        shopper.follow(&format!("{url}/payment/callback/esewa/{id}/failure")).await.unwrap();
    }
    prometheus.await_firing("GatewayErrors").await;
    let firing = prometheus.firing().await;
    assert!(
        !firing.contains("CallbacksNotStored"),
        "a gateway that is away keeps no callback from being stored: {firing:?}"
    );
    world.pipeline.stop().await.unwrap();
}
