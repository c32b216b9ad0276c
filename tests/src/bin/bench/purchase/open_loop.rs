//! Purchases that arrive at a fixed rate, whoever waits for whom, at higher and higher rates until they can be kept no
//! more: how soon after the callback the order is visible.

use std::time::Duration;

use anyhow::Context;
use pipeline_tests::{Pipeline, PipelineOptions, Program};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use super::{Bought, buy, footprint::Footprint, told::ensure_told_is_true_of_all_but};
use crate::{
    cluster::Cluster,
    connections::connect,
    latencies::Latencies,
    report::{Row, Target},
    rounds::Samples,
    say, shop,
    sign_in::sign_in,
};

/// Purchases a second, in the order in which they are tried.
const RATES: [u32; 12] = [25, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000];
/// Tried whatever the rates before it did, and held to the targets.
const TARGET_RATE: u32 = 50;
const LAP_SECONDS: u32 = 15;
/// Purchases that no figure counts: first connections, first plans.
const WARM_UP: u32 = 20;
/// Services are left alone for so long before their idle memory is read.
const IDLE: Duration = Duration::from_secs(3);
/// A rate is not kept where so many seconds of arrivals are under way, or an arrival comes so late.
const BEHIND_SECONDS_MAX: u32 = 2;
/// Nor where buyers wait longer than this.
const VISIBLE_P99_MS_KEPT: f64 = 1_000.0;

/// The code of an answer that there is no room.
const REFUSAL: &str = "\"service_unavailable\"";

const VISIBLE_P50_MS_MOST: f64 = 10.0;
const VISIBLE_P99_MS_MOST: f64 = 50.0;

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("open_loop").await?;
    let observer = connect(&url).await?;
    shop::open(&observer).await?;
    let mut pipeline = Pipeline::start(PipelineOptions::new(&url)).await?;
    pipeline.restart(Program::AdminConsole).await?;
    sleep(IDLE).await;
    let mut footprint = Footprint::idle(&pipeline)?;

    let mut bought = arrive(&pipeline, 0, WARM_UP, TARGET_RATE).await?.bought;
    let mut figures: Vec<(u32, Figures)> = RATES.map(|rate| (rate, Figures::default())).into();
    let (mut first, mut refused, mut highest_kept) = (WARM_UP, 0, Samples::default());
    for round in 1..=cluster.rounds {
        let mut kept = 0;
        for (rate, figures) in &mut figures {
            say(&format!("  round {round} of {}: {rate} purchases/s", cluster.rounds));
            let count = *rate * LAP_SECONDS;
            let lap = arrive(&pipeline, first, count, *rate).await?;
            first += count;
            refused += lap.refused;
            let visible_p99 = figures.add(&lap.bought)?;
            bought.extend(lap.bought);
            if lap.is_kept && visible_p99 <= VISIBLE_P99_MS_KEPT {
                kept = *rate;
            } else if *rate >= TARGET_RATE {
                break;
            }
        }
        highest_kept.push(f64::from(kept));
    }
    footprint.at_saturation(&pipeline)?;
    ensure_told_is_true_of_all_but(&observer, &bought, refused).await?;
    pipeline.stop().await?;
    let mut rows: Vec<Row> = figures.into_iter().flat_map(|(rate, figures)| figures.rows(rate)).collect();
    rows.push(Row::new("open loop: the highest rate that was kept", "purchases/s", highest_kept));
    rows.extend(footprint.rows());
    Ok(rows)
}

/// What came of one rate.
struct Lap {
    bought: Vec<Bought>,
    /// Purchases that ended with an answer that there is no room for them: beyond saturation that is the right one.
    refused: usize,
    /// Whether every purchase could be started in time, with no more under way than the rate makes.
    is_kept: bool,
}

/// Starts a purchase at every tick, however long earlier ones take, and returns what all buyers were told. A rate that
/// cannot be kept is given up: what has begun is brought to its end.
async fn arrive(pipeline: &Pipeline, first: u32, count: u32, rate: u32) -> anyhow::Result<Lap> {
    let numbers = first..first + count;
    let shoppers = sign_in(pipeline, numbers.clone().map(|number| format!("buyer-{number}"))).await?;
    let mut ticks = interval(Duration::from_secs(1) / rate);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut purchases = JoinSet::new();
    let mut lap = Lap { bought: Vec::new(), refused: 0, is_kept: true };
    for (number, shopper) in numbers.zip(shoppers) {
        let due = ticks.tick().await;
        while let Some(purchase) = purchases.try_join_next() {
            lap.add(purchase?)?;
        }
        let is_late = Instant::now() > due + Duration::from_secs(BEHIND_SECONDS_MAX.into());
        if is_late || purchases.len() > usize::try_from(BEHIND_SECONDS_MAX * rate)? {
            lap.is_kept = false;
        }
        if !lap.is_kept {
            break;
        }
        purchases
            .spawn(async move { buy(&shopper, number).await.with_context(|| format!("purchase {number}")) });
    }
    while let Some(purchase) = purchases.join_next().await {
        lap.add(purchase?)?;
    }
    Ok(lap)
}

impl Lap {
    fn add(&mut self, purchase: anyhow::Result<Bought>) -> anyhow::Result<()> {
        match purchase {
            Ok(bought) => self.bought.push(bought),
            Err(error) if format!("{error:#}").contains(REFUSAL) => {
                self.refused += 1;
                self.is_kept = false;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Of one rate, round by round; rounds that were over before it leave nothing here.
#[derive(Default)]
struct Figures {
    visible: Percentiles,
    intent: Percentiles,
    callback: Percentiles,
}

#[derive(Default)]
struct Percentiles {
    p50: Samples,
    p99: Samples,
}

impl Figures {
    /// Returns the p99 until the order was visible.
    fn add(&mut self, lap: &[Bought]) -> anyhow::Result<f64> {
        self.intent.add(lap.iter().map(|bought| bought.intent_took))?;
        self.callback.add(lap.iter().map(|bought| bought.callback_took))?;
        self.visible.add(lap.iter().map(|bought| bought.visible_after))
    }

    fn rows(self, rate: u32) -> Vec<Row> {
        if self.visible.p50.is_empty() {
            return Vec::new();
        }
        let [p50, p99] = self.visible.rows(rate, "callback answered to order visible");
        if rate != TARGET_RATE {
            return vec![p50, p99];
        }
        let targets = [Target::AtMost(VISIBLE_P50_MS_MOST), Target::AtMost(VISIBLE_P99_MS_MOST)];
        let mut rows: Vec<Row> =
            [p50, p99].into_iter().zip(targets).map(|(row, target)| row.target(target)).collect();
        rows.extend(self.intent.rows(rate, "intent answered"));
        rows.extend(self.callback.rows(rate, "callback answered"));
        rows
    }
}

impl Percentiles {
    /// Returns the p99.
    fn add(&mut self, waits: impl Iterator<Item = Duration>) -> anyhow::Result<f64> {
        let mut latencies = Latencies::default();
        latencies.extend(waits);
        let p99 = latencies.percentile(99)?;
        self.p50.push(latencies.percentile(50)?);
        self.p99.push(p99);
        Ok(p99)
    }

    fn rows(self, rate: u32, figure: &str) -> [Row; 2] {
        [
            Row::new(format!("{rate} purchases/s: {figure}, p50"), "ms", self.p50),
            Row::new(format!("{rate} purchases/s: {figure}, p99"), "ms", self.p99),
        ]
    }
}
