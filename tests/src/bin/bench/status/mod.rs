//! A thousand storefronts follow their payments at checkout-api: what waiting costs the database and the service, and
//! how soon after an order's commit its buyer is told, while orders of others flow and when everybody's comes.

mod storefront;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::{jobs::FinalizeOrder, queue::Lease};
use futures_util::{StreamExt, TryStreamExt, stream};
use pipeline_tests::{Pipeline, PipelineOptions, Program};
use tokio_postgres::Client;

use self::storefront::{Followed, follow};
use crate::{
    cluster::Cluster,
    connections::{connect, running_waker, worker_connections, worker_id},
    finalize::{claim, paced::Worker, seed},
    invariants::ensure_none_violated,
    latencies::Latencies,
    machine::{Memory, ensure_files_may_be_open},
    report::{Row, Target},
    rounds::Samples,
    say,
    sign_in::sign_in,
    statement_rate::statements_per_second,
};

/// Streams that stay open while orders flow.
const WAITING: usize = 1_000;
/// More of them, whose orders come meanwhile, so many a second.
const FLOWING: usize = 400;
const ORDERS_PER_SECOND: u32 = 20;
/// At the end everybody's order comes, in the worker's batches.
const BATCH: usize = 50;
const BATCH_INTERVAL: Duration = Duration::from_millis(250);
/// Streams that are being opened at the same time.
const OPENINGS: usize = 16;

const TOLD_P95_MS_MOST: f64 = 300.0;
const MEMORY_MIB_MOST: f64 = 60.0;

#[derive(Default)]
struct Measured {
    unwatched: Samples,
    watched: Samples,
    memory_unwatched: Samples,
    memory_watched: Samples,
    flowing: Told,
    in_batches: Told,
}

#[derive(Default)]
struct Told {
    p50: Samples,
    p95: Samples,
}

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    ensure_files_may_be_open()?;
    let url = cluster.fresh_database("status").await?;
    let observer = connect(&url).await?;
    seed::prepare(&observer).await?;
    let pipeline = checkout_alone(&url).await?;
    let mut measured = Measured::default();
    for round in 1..=cluster.rounds {
        say(&format!("  round {round} of {}: {WAITING} streams", cluster.rounds));
        measured.lap(&url, &observer, &pipeline).await?;
    }
    seed::ensure_all_ordered(&observer).await?;
    ensure_none_violated(&observer).await?;
    pipeline.stop().await?;
    Ok(measured.rows())
}

/// checkout-api as the only process that speaks to the database: the worker's part is played here, where the moment of
/// each commit is known.
async fn checkout_alone(url: &str) -> anyhow::Result<Pipeline> {
    let mut pipeline = Pipeline::start(PipelineOptions::new(url).workers(0)).await?;
    for program in [Program::PaymentCallback, Program::StaleJobReaper] {
        pipeline.terminate(program).await?;
    }
    Ok(pipeline)
}

impl Measured {
    async fn lap(&mut self, url: &str, observer: &Client, pipeline: &Pipeline) -> anyhow::Result<()> {
        let (waker, _stop) = running_waker(url)?;
        let (mut connection, worker_id) =
            (worker_connections(url, 1).await?.pop().context("no connection")?, worker_id());
        seed::pay(observer, WAITING + FLOWING).await?;
        let leases = claim(&mut connection, &worker_id, WAITING + FLOWING).await?;
        seed::settle_down(observer).await?;
        let (waiting, flowing) = leases.split_at_checked(WAITING).context("too few payments")?;
        let mut worker = Worker { connection: &mut connection, worker_id: &worker_id, waker: &waker };
        let memory = || Memory::of(pipeline.pid(Program::CheckoutApi)?);

        self.memory_unwatched.push(memory()?.resident_mib);
        self.unwatched.push(statements_per_second(observer).await?);
        let waiting_streams = follow_all(pipeline, observer, waiting).await?;
        self.memory_watched.push(memory()?.resident_mib);
        self.watched.push(statements_per_second(observer).await?);

        let flowing_streams = follow_all(pipeline, observer, flowing).await?;
        let pace = Duration::from_secs(1) / ORDERS_PER_SECOND;
        let committed = worker.make_orders(flowing, 1, pace).await?;
        self.flowing.add(&waits(observer, flowing_streams, &committed).await?)?;
        let committed = worker.make_orders(waiting, BATCH, BATCH_INTERVAL).await?;
        self.in_batches.add(&waits(observer, waiting_streams, &committed).await?)
    }

    fn rows(self) -> Vec<Row> {
        let mut rows = vec![
            Row::new(format!("statements a second while {WAITING} streams are open"), "1/s", self.watched)
                .beside("while none is", &self.unwatched),
            Row::new(
                format!("memory of checkout-api with {WAITING} open streams"),
                "MiB",
                self.memory_watched,
            )
            .beside("with none", &self.memory_unwatched)
            .target(Target::AtMost(MEMORY_MIB_MOST)),
        ];
        rows.extend(self.flowing.rows(&format!("{ORDERS_PER_SECOND} orders/s of others")));
        rows.extend(self.in_batches.rows(&format!("everybody's, batches of {BATCH}")));
        rows
    }
}

impl Told {
    fn add(&mut self, waits: &Latencies) -> anyhow::Result<()> {
        self.p50.push(waits.percentile(50)?);
        self.p95.push(waits.percentile(95)?);
        Ok(())
    }

    fn rows(self, when: &str) -> [Row; 2] {
        [
            Row::new(format!("{WAITING} streams, {when}: commit to event, p50"), "ms", self.p50),
            Row::new(format!("{WAITING} streams, {when}: commit to event, p95"), "ms", self.p95)
                .target(Target::AtMost(TOLD_P95_MS_MOST)),
        ]
    }
}

/// A stream for each of the payments, opened by its buyer.
async fn follow_all(
    pipeline: &Pipeline,
    observer: &Client,
    leases: &[Lease],
) -> anyhow::Result<Vec<Followed>> {
    let jobs: Vec<FinalizeOrder> = leases.iter().map(|lease| lease.read()).collect::<Result<_, _>>()?;
    let ids: Vec<&str> = jobs.iter().map(|job| job.payment_intent_id.as_str()).collect();
    let read = "SELECT payment_intent_id, user_id FROM payment_intents WHERE payment_intent_id = ANY ($1)";
    let (ids, names): (Vec<String>, Vec<String>) =
        observer.query(read, &[&ids]).await?.iter().map(|row| (row.get(0), row.get(1))).unzip();
    let shoppers = sign_in(pipeline, names).await?;
    stream::iter(shoppers.into_iter().zip(ids))
        .map(async |(shopper, id)| follow(&shopper, id).await)
        .buffer_unordered(OPENINGS)
        .try_collect()
        .await
}

/// How long after the commit each buyer was told; every number that was told is the order's.
async fn waits(
    observer: &Client,
    streams: Vec<Followed>,
    committed: &[(String, Instant)],
) -> anyhow::Result<Latencies> {
    let (mut ids, mut numbers, mut waits) = (Vec::new(), Vec::new(), Latencies::default());
    for followed in streams {
        let (id, at) = committed
            .iter()
            .find(|(id, _)| *id == followed.payment_intent_id)
            .with_context(|| format!("{} got no order", followed.payment_intent_id))?;
        let (told_at, number) = followed.told().await?;
        waits.add(told_at.saturating_duration_since(*at));
        ids.push(id.as_str());
        numbers.push(number);
    }
    let read = "SELECT count(*) FROM orders JOIN unnest($1::text[], $2::text[])
                    AS told (payment_intent_id, order_number) USING (payment_intent_id, order_number)";
    let as_told: i64 = observer.query_one(read, &[&ids, &numbers]).await?.get(0);
    ensure!(as_told == i64::try_from(ids.len())?, "{as_told} orders are as {} buyers were told", ids.len());
    Ok(waits)
}
