//! A primary that vanishes without closing anything, and another one that answers at its name.

use std::{
    fs,
    time::{Duration, Instant},
};

use pipeline_tests::{Program, Provider, fault_proxy::FaultProxy};
use reqwest::StatusCode;
use test_support::TestDatabase;

use crate::world::{World, until};

/// An unanswered statement is given up after 15 s and the connections beside it with it; the rest is patience with a
/// machine that does other things too.
const RECOVERY_MAX: Duration = Duration::from_secs(40);
/// How long an idle connection may be before the kernel asks whether its other end is there; a little more than set.
const KEEPALIVE_IDLE_MAX_SECONDS: u64 = 12;
/// `/proc/net/tcp`: established, and a timer that is the keepalive's.
const ESTABLISHED: &str = "01";
const KEEPALIVE_TIMER: &str = "02";
const CLOCK_TICKS_PER_SECOND: u64 = 100;

const SERVICES: [Program; 4] =
    [Program::CheckoutApi, Program::PaymentCallback, Program::OrderWorker(0), Program::StaleJobReaper];

#[tokio::test]
async fn a_database_that_vanishes_without_a_word_holds_nobody_for_longer_than_a_statement_may_run() {
    let database = TestDatabase::create().await;
    let proxy = FaultProxy::before(database.url()).await.unwrap();
    let world = World::start_at(database, proxy.url(), &[]).await;
    for provider in Provider::ALL {
        world.buy(provider).await;
    }
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    let paid = shopper.at_gateway(&checkout, "pay").await.unwrap();
    proxy.strand_connections();
    let began = Instant::now();
    until("the callback is taken in again", async || {
        let answer = shopper.follow(&paid[0]).await.ok()?;
        answer.status.is_success().then_some(())
    })
    .await;
    let callback = began.elapsed();
    for program in SERVICES {
        let url = format!("http://{}/readyz", world.pipeline.address(program).unwrap());
        until(&format!("{program} is ready again"), async || {
            let answer = world.pipeline.http().get(&url).send().await.ok()?;
            (answer.status() == StatusCode::OK).then_some(())
        })
        .await;
    }
    shopper.await_status(&checkout.payment_intent_id, "confirmed", RECOVERY_MAX).await.unwrap();
    let recovered = began.elapsed();
    println!(
        "database gone without a word: a callback is taken in after {callback:?}, all is well after {recovered:?}"
    );
    assert!(recovered < RECOVERY_MAX, "{recovered:?}");
    for provider in Provider::ALL {
        world.buy(provider).await;
    }
    world.close().await;
}

/// A kernel that finds the other end dead closes what is idle; only the operating system's table shows that it looks.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_kernel_watches_over_idle_connections() {
    let database = TestDatabase::create().await;
    let pool = database.pool();
    let connection = pool.connection().await.unwrap();
    drop(connection);
    let port = url::Url::parse(database.url()).unwrap().port().unwrap();
    let ours = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| {
        let target = fs::read_link(entry.ok()?.path()).ok()?;
        Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    });
    let ours: Vec<String> = ours.collect();
    until("an idle connection has a keepalive timer", async || {
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let is_watched = table.lines().skip(1).any(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let is_ours = ours.iter().any(|inode| inode == columns[9]);
            let to_server = columns[2].ends_with(&format!(":{port:04X}")) && columns[3] == ESTABLISHED;
            let (timer, ticks) = columns[5].split_once(':').unwrap();
            let seconds = u64::from_str_radix(ticks, 16).unwrap() / CLOCK_TICKS_PER_SECOND;
            is_ours && to_server && timer == KEEPALIVE_TIMER && seconds <= KEEPALIVE_IDLE_MAX_SECONDS
        });
        is_watched.then_some(())
    })
    .await;
}
