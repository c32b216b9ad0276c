//! Browsers that come back from the gateway, whatever the database does meanwhile.

use std::time::Duration;

use anyhow::{Context, ensure};
use pipeline_tests::Shopper;
use reqwest::StatusCode;
use tokio::{
    task::JoinSet,
    time::{Instant, Interval, sleep},
};

/// How long a shopper goes on reloading a page that does not answer well.
const PATIENCE: Duration = Duration::from_secs(120);
const RELOAD_INTERVAL: Duration = Duration::from_millis(500);

/// A redirect that has not been followed yet.
#[derive(Debug)]
pub(crate) struct Callback {
    pub(crate) payment_intent_id: String,
    pub(crate) redirect: String,
    pub(crate) shopper: Shopper,
}

/// A callback that was answered as stored.
#[derive(Debug)]
pub(crate) struct Acknowledged {
    pub(crate) payment_intent_id: String,
    pub(crate) at: Instant,
    /// Answers before it that did not acknowledge, and requests that were not answered.
    pub(crate) refusals: u32,
}

/// Follows one redirect a tick, each in a task of its own, and returns when all are acknowledged.
///
/// # Errors
/// Where one is not, however often it is tried.
pub(crate) async fn deliver(
    callbacks: Vec<Callback>,
    mut ticks: Interval,
) -> anyhow::Result<Vec<Acknowledged>> {
    let mut under_way = JoinSet::new();
    for callback in callbacks {
        ticks.tick().await;
        under_way.spawn(follow(callback));
    }
    let mut acknowledged = Vec::new();
    while let Some(done) = under_way.join_next().await {
        acknowledged.push(done.context("a browser broke down")??);
    }
    Ok(acknowledged)
}

/// Follows the redirect until it is acknowledged, and never again after that: whatever was acknowledged and lost stays
/// lost.
async fn follow(callback: Callback) -> anyhow::Result<Acknowledged> {
    let Callback { payment_intent_id, redirect, shopper } = callback;
    let deadline = Instant::now() + PATIENCE;
    let mut refusals = 0;
    loop {
        let said = match shopper.follow(&redirect).await {
            Ok(answer) if [StatusCode::OK, StatusCode::ACCEPTED].contains(&answer.status) => {
                return Ok(Acknowledged { payment_intent_id, at: Instant::now(), refusals });
            }
            Ok(answer) => format!("{}: {}", answer.status, answer.text),
            Err(error) => format!("{error:#}"),
        };
        refusals += 1;
        ensure!(
            Instant::now() < deadline,
            "{payment_intent_id} is not acknowledged within {PATIENCE:?}: {said}"
        );
        sleep(RELOAD_INTERVAL).await;
    }
}
