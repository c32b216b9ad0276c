use std::{
    thread,
    time::{Duration, Instant},
};

use domain::{
    PoolSettings,
    notifications::{Channel, Listener},
};
use service_kit::settings::Settings;
use stale_job_reaper::Application;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::world::{PATIENCE, World};

struct Reaper {
    port: u16,
    stop: CancellationToken,
    ended: oneshot::Receiver<anyhow::Result<()>>,
}

impl Reaper {
    fn start(world: &World, changes: &[(&str, &str)]) -> Self {
        let stop = CancellationToken::new();
        let settings = Settings::from_sources(world.environment(changes), None).unwrap();
        let application = Application::build(&settings, stop.clone()).unwrap();
        let port = application.port();
        let (sender, ended) = oneshot::channel();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            // A test that failed does not wait for its reaper.
            let _ = sender.send(runtime.block_on(application.run_until_stopped()));
        });
        Self { port, stop, ended }
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.ended).await.unwrap().unwrap().unwrap();
    }
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn two_reapers_side_by_side_do_everything_once() {
    let world = World::new().await;
    service_kit::tls::install_crypto_provider();
    let (first, second) = (Reaper::start(&world, &[]), Reaper::start(&world, &[]));
    until("all sweeps had their turn", async || {
        let left = "SELECT (SELECT count(*) FROM job_queue WHERE locked_by = 'a dead worker' OR job_type = 'old')
            + (SELECT count(*) FROM idempotency_keys WHERE created_at < now() - interval '30 days')
            + (SELECT count(*) FROM payment_intents pi WHERE status = 'verified' AND NOT EXISTS
                  (SELECT FROM job_queue WHERE idempotency_key = 'finalize_order:' || pi.payment_intent_id))
            + (SELECT count(*) FROM payment_intents WHERE status = 'awaiting_payment' AND expires_at <= now())";
        world.count(left).await == 0
    })
    .await;
    let figures =
        reqwest::get(format!("http://127.0.0.1:{}/metrics", first.port)).await.unwrap().text().await.unwrap();
    assert!(figures.contains("sweep_last_success_timestamp_seconds{sweep=\"owe\"}"), "{figures}");
    assert_eq!(reqwest::get(format!("http://127.0.0.1:{}/readyz", first.port)).await.unwrap().status(), 200);
    first.stop().await;
    second.stop().await;
    world.assert_swept().await;
    let moves = "SELECT count(*) FROM payment_intent_events WHERE to_status = 'expired'";
    assert_eq!(world.count(moves).await, 1);
}

#[tokio::test]
async fn whoever_waits_for_jobs_hears_of_a_rescue() {
    let world = World::new().await;
    let settings = PoolSettings {
        url: world.database.url().to_owned(),
        role: None,
        application_name: "test",
        size_max: 1,
    };
    let mut listener = Listener::connect(&settings, Channel::JobQueue).await.unwrap();
    let reaper = Reaper::start(&world, &[]);
    tokio::time::timeout(PATIENCE, listener.heard()).await.unwrap().unwrap();
    reaper.stop().await;
}

#[tokio::test]
async fn a_sweep_that_fails_keeps_no_other_from_its_turn() {
    let world = World::new().await;
    world.set("REVOKE UPDATE (available) ON inventory FROM stale_job_reaper").await;
    let reaper = Reaper::start(&world, &[]);
    let rescued = "SELECT count(*) FROM job_queue WHERE job_type = 'finalize_order' AND crash_count = 1";
    until("a rescue", async || world.count(rescued).await == 1).await;
    assert_eq!(world.shop.status(&world.expiring).await, "awaiting_payment");
    world.set("GRANT UPDATE (available) ON inventory TO stale_job_reaper").await;
    until("the expiry", async || world.shop.status(&world.expiring).await == "expired").await;
    reaper.stop().await;
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn jobs_are_not_owed_again_where_a_person_is_asked() {
    let world = World::new().await;
    let id = &world.forgotten.payment_intent_id;
    world
        .set(&format!(
            "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ('{id}', 'job_failed', '[]');
             DELETE FROM job_queue WHERE job_type = 'verify_payment'"
        ))
        .await;
    let reaper = Reaper::start(&world, &[]);
    let others = "SELECT count(*) FROM job_queue WHERE job_type = 'verify_payment'";
    until("the others' questions are owed", async || world.count(others).await > 0).await;
    reaper.stop().await;
    let owed = format!("SELECT count(*) FROM job_queue WHERE payload ->> 'payment_intent_id' = '{id}'");
    assert_eq!(world.count(&owed).await, 0);
    world.database.assert_no_violations().await;
}

/// The value of a figure's series, if it is exported.
async fn figure(reaper: &Reaper, series: &str) -> Option<f64> {
    let address = format!("http://127.0.0.1:{}/metrics", reaper.port);
    let text = reqwest::get(address).await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[tokio::test]
async fn two_reapers_list_a_breach_once_and_both_show_it_until_it_is_whole() {
    let world = World::new().await;
    service_kit::tls::install_crypto_provider();
    let (first, second) = (Reaper::start(&world, &[]), Reaper::start(&world, &[]));
    let series = "invariant_violations{invariant=\"order_intent_and_cart_have_one_owner\"}";
    let both_show = async |broken: f64| {
        figure(&first, series).await == Some(broken) && figure(&second, series).await == Some(broken)
    };
    until("both show zero", async || both_show(0.0).await).await;
    let owner = "UPDATE carts SET user_id = user_id || $1 WHERE cart_id =
        (SELECT cart_id FROM payment_intents WHERE payment_intent_id = $2)";
    let id = &world.forgotten.payment_intent_id;
    world.shop.client.execute(owner, &[&"-other", id]).await.unwrap();
    until("both show it", async || both_show(1.0).await).await;
    let looks = "SELECT count(*) FROM invariant_check_results WHERE last_seen_at > first_seen_at AND cleared_at IS NULL";
    until("it is looked at again", async || world.count(looks).await == 1).await;
    first.stop().await;
    let third = Reaper::start(&world, &[]);
    until("a new one shows it", async || figure(&third, series).await == Some(1.0)).await;
    world
        .shop
        .client
        .execute("UPDATE carts SET user_id = replace(user_id, '-other', '')", &[])
        .await
        .unwrap();
    until("the new one shows zero", async || figure(&third, series).await == Some(0.0)).await;
    let listed = "SELECT count(*) FROM invariant_check_results WHERE cleared_at >= first_seen_at";
    until("it is listed as whole", async || world.count(listed).await == 1).await;
    assert!(figure(&third, "invariant_check_timestamp_seconds{check=\"incremental\"}").await.is_some());
    assert!(figure(&third, "invariant_check_duration_seconds{check=\"full\"}").await.is_some());
    second.stop().await;
    third.stop().await;
}
