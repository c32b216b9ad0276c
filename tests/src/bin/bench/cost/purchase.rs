//! A whole purchase: cart, intent, callback, order, and what the buyer reads of it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Context;
use pipeline_tests::{Pipeline, PipelineOptions, Program};
use tokio::{task::JoinSet, time::sleep};
use tokio_postgres::Client;

use super::round_trips::{Counted, RoundTrips};
use crate::{
    cluster::Cluster,
    connections::connect,
    processors::{PerUnit, Users},
    purchase::{Bought, buy, ensure_told_is_true},
    report::Row,
    rounds::Samples,
    say, shop,
    sign_in::sign_in,
    wal::wal_bytes,
};

const BUYERS: u32 = 4;
const PURCHASES_EACH: u32 = 60;
/// Of each buyer, not counted: first connections, first plans, first touches of pages.
const WARM_UP_EACH: u32 = 10;
/// What services ask unasked is watched for so long, and taken off.
const IDLE: Duration = Duration::from_secs(5);

const PROGRAMS: [Program; 5] = [
    Program::CheckoutApi,
    Program::PaymentCallback,
    Program::OrderWorker(0),
    Program::StaleJobReaper,
    Program::Sandbox,
];

#[derive(Default)]
struct Measured {
    processor_ms: PerUnit,
    wal_bytes: Samples,
    round_trips: BTreeMap<String, Samples>,
}

pub(super) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("cost_of_a_purchase").await?;
    let observer = connect(&url).await?;
    shop::open(&observer).await?;
    let wire = RoundTrips::before(&url).await?;
    let (mut measured, mut bought) = (Measured::default(), Vec::new());
    for round in 1..=cluster.rounds {
        say(&format!("  purchases, round {round} of {}", cluster.rounds));
        bought.extend(measured.processors_and_wal(&url, &observer, round).await?);
        bought.extend(measured.round_trips(&wire, round).await?);
    }
    ensure_told_is_true(&observer, &bought).await?;
    Ok(measured.rows())
}

impl Measured {
    async fn processors_and_wal(
        &mut self,
        url: &str,
        observer: &Client,
        round: usize,
    ) -> anyhow::Result<Vec<Bought>> {
        let pipeline = Pipeline::start(PipelineOptions::new(url)).await?;
        let users = Users::of(observer, &pipeline, PROGRAMS).await?;
        observer.batch_execute("CHECKPOINT").await?;
        let mut bought = buy_side_by_side(&pipeline, &format!("warm-{round}"), WARM_UP_EACH).await?;
        let (used, written) = (users.look()?, wal_bytes(observer).await?);
        let counted = buy_side_by_side(&pipeline, &format!("counted-{round}"), PURCHASES_EACH).await?;
        let (used, written) = (users.look()?.since(&used), wal_bytes(observer).await? - written);
        pipeline.stop().await?;
        self.processor_ms.add(&used, counted.len())?;
        self.wal_bytes.push(written / f64::from(u32::try_from(counted.len())?));
        bought.extend(counted);
        Ok(bought)
    }

    async fn round_trips(&mut self, wire: &RoundTrips, round: usize) -> anyhow::Result<Vec<Bought>> {
        let pipeline = Pipeline::start(PipelineOptions::new(wire.url())).await?;
        let mut bought = buy_side_by_side(&pipeline, &format!("wire-warm-{round}"), WARM_UP_EACH).await?;
        wire.take();
        sleep(IDLE).await;
        let unasked = wire.take();
        let began = Instant::now();
        let counted = buy_side_by_side(&pipeline, &format!("wire-{round}"), PURCHASES_EACH).await?;
        let (asked, took) = (wire.take(), began.elapsed());
        pipeline.stop().await?;
        let idles = took.as_secs_f64() / IDLE.as_secs_f64();
        self.add_round_trips(&asked, &unasked, idles, counted.len())?;
        bought.extend(counted);
        Ok(bought)
    }

    fn add_round_trips(
        &mut self,
        asked: &Counted,
        unasked: &Counted,
        idles: f64,
        purchases: usize,
    ) -> anyhow::Result<()> {
        let (mut all, purchases) = (0.0, f64::from(u32::try_from(purchases)?));
        for (who, times) in asked {
            let number = |times: u64| anyhow::Ok(f64::from(u32::try_from(times)?));
            let unasked = number(unasked.get(who).copied().unwrap_or_default())?;
            let each = (number(*times)? - unasked * idles) / purchases;
            all += each;
            self.round_trips.entry(who.clone()).or_default().push(each);
        }
        self.round_trips.entry("all services".to_owned()).or_default().push(all);
        Ok(())
    }

    fn rows(self) -> Vec<Row> {
        let mut rows = vec![Row::new("cost of a purchase: WAL", "B", self.wal_bytes)];
        rows.extend(self.processor_ms.rows("cost of a purchase", "ms"));
        rows.extend(self.round_trips.into_iter().map(|(who, each)| {
            Row::new(format!("cost of a purchase: round trips of {who}"), "a purchase", each)
        }));
        rows
    }
}

/// Lets each buyer purchase so often, one after the other.
async fn buy_side_by_side(pipeline: &Pipeline, name: &str, each: u32) -> anyhow::Result<Vec<Bought>> {
    let shoppers = sign_in(pipeline, (0..BUYERS).map(|buyer| format!("{name}-{buyer}"))).await?;
    let mut buyers = JoinSet::new();
    for (buyer, shopper) in (0..).zip(shoppers) {
        buyers.spawn(async move {
            let mut bought = Vec::new();
            for number in buyer * each..(buyer + 1) * each {
                bought.push(buy(&shopper, number).await.with_context(|| format!("purchase {number}"))?);
            }
            anyhow::Ok(bought)
        });
    }
    let mut bought = Vec::new();
    while let Some(purchases) = buyers.join_next().await {
        bought.extend(purchases??);
    }
    Ok(bought)
}
