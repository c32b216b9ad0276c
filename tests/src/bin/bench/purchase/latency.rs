//! Twenty purchases a second, whoever waits for whom: how soon after the callback the order is visible, and what each
//! service holds in memory meanwhile.

use std::time::Duration;

use anyhow::Context;
use pipeline_tests::{Pipeline, PipelineOptions, Program, Shopper};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{Bought, buy, ensure_told_is_true};
use crate::{
    cluster::Cluster,
    connections::connect,
    latencies::Latencies,
    machine::Memory,
    report::{Row, Target},
    rounds::Samples,
    say, shop,
};

const PURCHASES_PER_SECOND: u32 = 20;
const PURCHASES: u32 = 600;
/// Purchases that no figure counts: first connections, first plans.
const WARM_UP: u32 = 20;
/// Services are left alone for so long before their idle memory is read.
const IDLE: Duration = Duration::from_secs(3);

const VISIBLE_P50_MS_MOST: f64 = 50.0;
const VISIBLE_P99_MS_MOST: f64 = 250.0;
const MEMORY_MIB_MOST: f64 = 60.0;
const IDLE_MEMORY_MIB_MOST: f64 = 30.0;

const SERVICES: [Program; 4] =
    [Program::CheckoutApi, Program::PaymentCallback, Program::OrderWorker(0), Program::StaleJobReaper];

#[derive(Default)]
struct Figures {
    intent: Percentiles,
    callback: Percentiles,
    visible: Percentiles,
}

#[derive(Default)]
struct Percentiles {
    p50: Samples,
    p99: Samples,
}

impl Percentiles {
    fn add(&mut self, waits: impl Iterator<Item = Duration>) -> anyhow::Result<()> {
        let mut latencies = Latencies::default();
        latencies.extend(waits);
        self.p50.push(latencies.percentile(50)?);
        self.p99.push(latencies.percentile(99)?);
        Ok(())
    }

    fn rows(self, figure: &str) -> [Row; 2] {
        [
            Row::new(format!("20 purchases/s: {figure}, p50"), "ms", self.p50),
            Row::new(format!("20 purchases/s: {figure}, p99"), "ms", self.p99),
        ]
    }
}

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("purchase_latency").await?;
    let observer = connect(&url).await?;
    shop::open(&observer).await?;
    let pipeline = Pipeline::start(PipelineOptions::new(&url)).await?;
    sleep(IDLE).await;
    let idle = memory(&pipeline)?;

    let mut bought = arrive(&pipeline, 0, WARM_UP).await?;
    let mut figures = Figures::default();
    for round in 1..=cluster.rounds {
        say(&format!("  round {round} of {}: {PURCHASES} purchases", cluster.rounds));
        let first = u32::try_from(bought.len())?;
        let lap = arrive(&pipeline, first, PURCHASES).await?;
        figures.add(&lap)?;
        bought.extend(lap);
    }
    let at_load = memory(&pipeline)?;
    ensure_told_is_true(&observer, &bought).await?;
    pipeline.stop().await?;
    let mut rows = figures.rows();
    rows.extend(memory_rows(&idle, &at_load));
    Ok(rows)
}

/// Starts a purchase at every tick, however long earlier ones take, and returns what all buyers were told.
async fn arrive(pipeline: &Pipeline, first: u32, count: u32) -> anyhow::Result<Vec<Bought>> {
    let mut shoppers: Vec<(u32, Shopper)> = Vec::new();
    for number in first..first + count {
        shoppers.push((number, pipeline.shopper(&format!("buyer-{number}")).await?));
    }
    let mut ticks = interval(Duration::from_secs(1) / PURCHASES_PER_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut purchases = JoinSet::new();
    for (number, shopper) in shoppers {
        ticks.tick().await;
        purchases
            .spawn(async move { buy(&shopper, number).await.with_context(|| format!("purchase {number}")) });
    }
    let mut bought = Vec::new();
    while let Some(purchase) = purchases.join_next().await {
        bought.push(purchase??);
    }
    Ok(bought)
}

impl Figures {
    fn add(&mut self, lap: &[Bought]) -> anyhow::Result<()> {
        self.intent.add(lap.iter().map(|bought| bought.intent_took))?;
        self.callback.add(lap.iter().map(|bought| bought.callback_took))?;
        self.visible.add(lap.iter().map(|bought| bought.visible_after))
    }

    fn rows(self) -> Vec<Row> {
        let [p50, p99] = self.visible.rows("callback answered to order visible");
        let mut rows = vec![
            p50.target(Target::AtMost(VISIBLE_P50_MS_MOST)),
            p99.target(Target::AtMost(VISIBLE_P99_MS_MOST)),
        ];
        rows.extend(self.intent.rows("intent answered"));
        rows.extend(self.callback.rows("callback answered"));
        rows
    }
}

fn memory(pipeline: &Pipeline) -> anyhow::Result<Vec<(Program, Memory)>> {
    SERVICES.into_iter().map(|service| Ok((service, Memory::of(pipeline.pid(service)?)?))).collect()
}

fn memory_rows(idle: &[(Program, Memory)], at_load: &[(Program, Memory)]) -> Vec<Row> {
    let row = |service: &Program, when: &str, mib: f64, most: f64| {
        Row::new(format!("memory of {service}, {when}"), "MiB", Samples::one(mib))
            .target(Target::AtMost(most))
    };
    let idle =
        idle.iter().map(|(service, held)| row(service, "idle", held.resident_mib, IDLE_MEMORY_MIB_MOST));
    let at_load = at_load.iter().flat_map(|(service, held)| {
        [
            row(service, "at load", held.resident_mib, MEMORY_MIB_MOST),
            row(service, "peak", held.peak_mib, MEMORY_MIB_MOST),
        ]
    });
    idle.chain(at_load).collect()
}
