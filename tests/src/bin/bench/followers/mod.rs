//! Two hundred browsers wait on the confirmation page: what waiting costs the database, and how soon after an order's
//! commit its number is there to be shown.

mod browser;

use std::time::Duration;

use anyhow::Context;
use domain::queue::Lease;
use pipeline_tests::{Pipeline, PipelineOptions, Program};
use tokio_postgres::Client;

use self::browser::{Followed, follow};
use crate::{
    cluster::Cluster,
    connections::{connect, running_waker, worker_connections, worker_id},
    finalize::{claim, paced::Worker, seed},
    latencies::Latencies,
    report::{Row, Target},
    rounds::Samples,
    say,
    statement_rate::statements_per_second,
};

const BROWSERS: usize = 200;
/// Orders committed together when the shop is busy, as the worker's batches are.
const BATCH: usize = 50;
/// Otherwise orders come one at a time, so many a second.
const ORDERS_PER_SECOND: u32 = 20;

const SHOWN_P95_MS_MOST: f64 = 300.0;
const WATCHED_TO_UNWATCHED_MOST: f64 = 1.1;

#[derive(Default)]
struct Shown {
    p50: Samples,
    p95: Samples,
}

impl Shown {
    fn add(&mut self, waits: &Latencies) -> anyhow::Result<()> {
        self.p50.push(waits.percentile(50)?);
        self.p95.push(waits.percentile(95)?);
        Ok(())
    }

    fn rows(self, when: &str) -> [Row; 2] {
        [
            Row::new(format!("{BROWSERS} browsers, {when}: commit to number, p50"), "ms", self.p50),
            Row::new(format!("{BROWSERS} browsers, {when}: commit to number, p95"), "ms", self.p95)
                .target(Target::AtMost(SHOWN_P95_MS_MOST)),
        ]
    }
}

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("followers").await?;
    let observer = connect(&url).await?;
    seed::prepare(&observer).await?;
    let pipeline = callback_alone(&url).await?;
    let mut worker = worker_connections(&url, 1).await?.pop().context("no connection")?;
    let (waker, _stop) = running_waker(&url)?;

    let (mut unwatched, mut watched) = (Samples::default(), Samples::default());
    let (mut paced, mut in_batches) = (Shown::default(), Shown::default());
    for round in 1..=cluster.rounds {
        say(&format!("  round {round} of {}: {BROWSERS} browsers", cluster.rounds));
        for (batch, shown) in [(1, &mut paced), (BATCH, &mut in_batches)] {
            seed::pay(&observer, BROWSERS).await?;
            let worker_id = worker_id();
            let leases = claim(&mut worker, &worker_id, BROWSERS).await?;
            seed::settle_down(&observer).await?;
            if batch == 1 {
                unwatched.push(statements_per_second(&observer).await?);
            }
            let browsers = follow_all(&pipeline, &observer).await?;
            if batch == 1 {
                watched.push(statements_per_second(&observer).await?);
            }
            let worker = Worker { connection: &mut worker, worker_id: &worker_id, waker: &waker };
            shown.add(&make_orders(worker, &leases, batch, browsers).await?)?;
        }
    }
    seed::ensure_all_ordered(&observer).await?;
    pipeline.stop().await?;
    let mut rows = vec![
        Row::new(format!("statements a second while {BROWSERS} browsers wait"), "1/s", watched)
            .beside("while nobody does", &unwatched)
            .target(Target::RatioAtMost(WATCHED_TO_UNWATCHED_MOST)),
    ];
    rows.extend(paced.rows(&format!("{ORDERS_PER_SECOND} orders/s")));
    rows.extend(in_batches.rows(&format!("batches of {BATCH}")));
    Ok(rows)
}

/// payment-callback as the only process that speaks to the database: the worker's part is played here, where the
/// moment of each commit is known.
async fn callback_alone(url: &str) -> anyhow::Result<Pipeline> {
    let mut pipeline = Pipeline::start(PipelineOptions::new(url).workers(0)).await?;
    for program in [Program::CheckoutApi, Program::StaleJobReaper] {
        pipeline.terminate(program).await?;
    }
    Ok(pipeline)
}

/// A browser for every payment that has no order yet.
async fn follow_all(pipeline: &Pipeline, observer: &Client) -> anyhow::Result<Vec<Followed>> {
    let open = "SELECT payment_intent_id FROM payment_intents WHERE status = 'verified'";
    let mut browsers = Vec::with_capacity(BROWSERS);
    for row in observer.query(open, &[]).await? {
        browsers.push(follow(pipeline.http(), &pipeline.callback_url(), row.get(0)).await?);
    }
    Ok(browsers)
}

/// Makes the orders, wakes followers as the worker does, and returns how long each browser waited after the commit.
async fn make_orders(
    mut worker: Worker<'_>,
    leases: &[Lease],
    batch: usize,
    browsers: Vec<Followed>,
) -> anyhow::Result<Latencies> {
    let pace = Duration::from_secs(1) / ORDERS_PER_SECOND * u32::try_from(batch)?;
    let committed = worker.make_orders(leases, batch, pace).await?;
    let mut waits = Latencies::default();
    for browser in browsers {
        let (_, at) = committed
            .iter()
            .find(|(id, _)| *id == browser.payment_intent_id)
            .with_context(|| format!("{} got no order", browser.payment_intent_id))?;
        waits.add(browser.number_shown_at().await?.saturating_duration_since(*at));
    }
    Ok(waits)
}
