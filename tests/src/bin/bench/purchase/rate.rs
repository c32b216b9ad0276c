//! Sixteen buyers, each buying again as soon as the last order is visible.

use std::time::{Duration, Instant};

use anyhow::Context;
use pipeline_tests::{Pipeline, PipelineOptions, Shopper};
use tokio::task::JoinSet;

use super::{Bought, buy, ensure_told_is_true, replay::Replay};
use crate::{
    cluster::Cluster,
    connections::connect,
    report::{Row, Target},
    rounds::Samples,
    say, shop,
};

const BUYERS: u32 = 16;
const LAP: Duration = Duration::from_secs(10);
/// Numbers of one buyer's purchases in one lap stay below this.
const PURCHASES_EACH_MAX: u32 = 10_000;

const RATIO_LEAST: f64 = 0.5;

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("purchase").await?;
    let replay = Replay::prepare(cluster).await?;
    let observer = connect(&url).await?;
    shop::open(&observer).await?;

    let (mut per_second, mut replayed) = (Samples::default(), Samples::default());
    let mut bought = Vec::new();
    for round in 1..=cluster.rounds {
        say(&format!("  round {round} of {}: {BUYERS} buyers", cluster.rounds));
        let pipeline = Pipeline::start(PipelineOptions::new(&url)).await?;
        let (lap, took) = buy_for_a_while(&pipeline, u32::try_from(round)?).await?;
        pipeline.stop().await?;
        per_second.push(f64::from(u32::try_from(lap.len())?) / took.as_secs_f64());
        bought.extend(lap);
        replayed.push(replay.purchases_per_second(usize::try_from(BUYERS)?).await?);
    }
    ensure_told_is_true(&observer, &bought).await?;
    Ok(vec![
        Row::new("purchase: 16 buyers", "purchases/s", per_second)
            .beside("pgbench, a purchase's SQL", &replayed)
            .target(Target::RatioAtLeast(RATIO_LEAST)),
    ])
}

async fn buy_for_a_while(pipeline: &Pipeline, round: u32) -> anyhow::Result<(Vec<Bought>, Duration)> {
    let mut shoppers = Vec::new();
    for buyer in 0..BUYERS {
        shoppers.push(pipeline.shopper(&format!("buyer-{round}-{buyer}")).await?);
    }
    let began = Instant::now();
    let mut buyers = JoinSet::new();
    for (shopper, buyer) in shoppers.into_iter().zip(0..) {
        buyers.spawn(buy_in_turn(shopper, buyer * PURCHASES_EACH_MAX, began + LAP));
    }
    let mut bought = Vec::new();
    while let Some(purchases) = buyers.join_next().await {
        bought.extend(purchases??);
    }
    Ok((bought, began.elapsed()))
}

async fn buy_in_turn(shopper: Shopper, first: u32, deadline: Instant) -> anyhow::Result<Vec<Bought>> {
    let mut bought = Vec::new();
    for number in first..first + PURCHASES_EACH_MAX {
        if Instant::now() >= deadline {
            break;
        }
        let purchase = buy(&shopper, number).await;
        bought.push(purchase.with_context(|| format!("purchase {number} of {}", shopper.user_id()))?);
    }
    Ok(bought)
}
