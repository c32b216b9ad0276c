//! More and more clients until a bound: each asks for intents one after the other, with a new shopper every time.

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use pipeline_tests::{Pipeline, Provider, Shopper};
use reqwest::StatusCode;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::{
    crowd::{CART_VERSION, gather},
    hot_row,
};
use crate::{
    cluster::Cluster,
    invariants::ensure_none_violated,
    latencies::Latencies,
    report::{Row, Target},
    rounds::Samples,
    say,
};

const CLIENTS: [usize; 3] = [1, 10, 100];
const UNITS: i32 = 10_000;
/// A level ends when so many have asked, or after this long.
const SHOPPERS: i32 = 3_000;
const LEVEL_MAX: Duration = Duration::from_secs(6);

const INTENTS_PER_SECOND_LEAST: f64 = 1_000.0;

#[derive(Default)]
struct Level {
    per_second: Samples,
    p50_ms: Samples,
    p95_ms: Samples,
    /// 1.5 × clients ÷ throughput.
    p95_ms_most: Samples,
    hot_row_per_second: Samples,
}

pub(crate) async fn run(
    cluster: &Cluster,
    url: &str,
    pipeline: &Pipeline,
    observer: &Client,
) -> anyhow::Result<Vec<Row>> {
    let mut levels: Vec<(usize, Level)> = CLIENTS.map(|clients| (clients, Level::default())).into();
    for round in 1..=cluster.rounds {
        for (clients, level) in &mut levels {
            say(&format!("  round {round} of {}: {clients} clients", cluster.rounds));
            let variant_id = format!("sale-{round}-{clients}");
            let shoppers = gather(pipeline, observer, &variant_id, UNITS, SHOPPERS).await?;
            let sale = sell(shoppers, *clients).await?;
            ensure_reserved(observer, &variant_id, sale.latencies.count()).await?;
            level.add(*clients, &sale)?;
            level.hot_row_per_second.push(hot_row::commits_per_second(url, *clients).await?);
        }
    }
    ensure_none_violated(observer).await?;
    Ok(levels.into_iter().flat_map(|(clients, level)| level.rows(clients)).collect())
}

impl Level {
    fn add(&mut self, clients: usize, sale: &Sale) -> anyhow::Result<()> {
        let per_second = f64::from(u32::try_from(sale.latencies.count())?) / sale.took.as_secs_f64();
        self.per_second.push(per_second);
        self.p50_ms.push(sale.latencies.percentile(50)?);
        self.p95_ms.push(sale.latencies.percentile(95)?);
        self.p95_ms_most.push(1_500.0 * f64::from(u32::try_from(clients)?) / per_second);
        Ok(())
    }

    fn rows(self, clients: usize) -> [Row; 3] {
        let figure = |what: &str| format!("flash sale, {clients} clients: {what}");
        let intents = Row::new(figure("intents"), "intents/s", self.per_second)
            .beside("pgbench, bare updates of one row", &self.hot_row_per_second);
        [
            // A lone client waits for every answer: its rate is one over its latency and says nothing of a crowd.
            if clients == 1 { intents } else { intents.target(Target::AtLeast(INTENTS_PER_SECOND_LEAST)) },
            Row::new(figure("answer, p50"), "ms", self.p50_ms),
            Row::new(figure("answer, p95"), "ms", self.p95_ms)
                .beside("1.5 × clients ÷ throughput", &self.p95_ms_most)
                .target(Target::RatioAtMost(1.0)),
        ]
    }
}

/// What came of one level: a latency for every intent made.
struct Sale {
    latencies: Latencies,
    took: Duration,
}

/// Lets that many clients ask until the shoppers run out or the time is up.
async fn sell(shoppers: Vec<Shopper>, clients: usize) -> anyhow::Result<Sale> {
    let mut queues: Vec<Vec<Shopper>> = vec![Vec::new(); clients];
    for (index, shopper) in shoppers.into_iter().enumerate() {
        queues.get_mut(index % clients).context("a client without a queue")?.push(shopper);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for queue in queues {
        tasks.spawn(ask_in_turn(queue, began + LEVEL_MAX));
    }
    let mut latencies = Latencies::default();
    while let Some(waits) = tasks.join_next().await {
        latencies.extend(waits??);
    }
    Ok(Sale { latencies, took: began.elapsed() })
}

async fn ask_in_turn(shoppers: Vec<Shopper>, deadline: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    for shopper in shoppers {
        let asked = Instant::now();
        if asked >= deadline {
            break;
        }
        let answer = shopper.ask_for_intent(Provider::Esewa, CART_VERSION, shopper.user_id()).await?;
        if answer.status != StatusCode::CREATED {
            bail!("{} answered while stock is left: {}", answer.status, answer.text);
        }
        waits.push(asked.elapsed());
    }
    Ok(waits)
}

/// What clients were told they hold is what the stock says.
async fn ensure_reserved(observer: &Client, variant_id: &str, told: usize) -> anyhow::Result<()> {
    let read = "SELECT available, reserved FROM inventory WHERE variant_id = $1";
    let row = observer.query_one(read, &[&variant_id]).await?;
    let (available, reserved): (i32, i32) = (row.get(0), row.get(1));
    let told = i32::try_from(told)?;
    ensure!(
        reserved == told && available == UNITS - told,
        "{told} buyers hold a unit; the stock says {reserved} reserved and {available} of {UNITS} available"
    );
    Ok(())
}
