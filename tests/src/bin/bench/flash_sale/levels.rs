//! One variant of 10,000 units, sold to more and more clients at once until the last unit is gone and each of them was
//! told so. A lone client gets a bounded time.

use std::time::Duration;

use anyhow::{Context, ensure};
use pipeline_tests::{Pipeline, Program};
use tokio_postgres::Client;

use super::{
    crowd::gather,
    hot_row,
    sale::{Sale, sell},
};
use crate::{
    cluster::Cluster,
    invariants::ensure_none_violated,
    processors::{PerUnit, Users},
    report::{Row, Target},
    rounds::Samples,
    say,
};

const CLIENTS: [usize; 4] = [1, 10, 100, 1_000];
const UNITS: i32 = 10_000;
const LONE_CLIENT_MAX: Duration = Duration::from_secs(6);
/// More than a lone client can ask for in that time.
const LONE_CLIENT_SHOPPERS: i32 = 5_000;
/// pgbench needs a connection a client, and the server has no thousand.
const HOT_ROW_CLIENTS_MAX: usize = 100;

const INTENTS_PER_SECOND_LEAST: f64 = 1_000.0;
const PEAK_RATIO_LEAST: f64 = 0.8;

#[derive(Default)]
struct Level {
    per_second: Samples,
    p50_ms: Samples,
    p95_ms: Samples,
    /// 1.5 × clients ÷ throughput.
    p95_ms_most: Samples,
    hot_row_per_second: Samples,
    processor_ms: PerUnit,
}

/// Where the sales are held.
struct Shop<'a> {
    pipeline: &'a Pipeline,
    observer: &'a Client,
    users: Users,
}

pub(crate) async fn run(
    cluster: &Cluster,
    url: &str,
    pipeline: &Pipeline,
    observer: &Client,
) -> anyhow::Result<Vec<Row>> {
    let shop =
        Shop { pipeline, observer, users: Users::of(observer, pipeline, [Program::CheckoutApi]).await? };
    let mut levels: Vec<(usize, Level)> = CLIENTS.map(|clients| (clients, Level::default())).into();
    let (mut peak, mut with_most_clients) = (Samples::default(), Samples::default());
    for round in 1..=cluster.rounds {
        let (mut highest, mut last) = (0.0_f64, 0.0);
        for (clients, level) in &mut levels {
            say(&format!("  round {round} of {}: {clients} clients", cluster.rounds));
            last = level.add(*clients, &shop, &format!("sale-{round}-{clients}")).await?;
            highest = highest.max(last);
            let hot_row = hot_row::commits_per_second(url, (*clients).min(HOT_ROW_CLIENTS_MAX)).await?;
            level.hot_row_per_second.push(hot_row);
        }
        peak.push(highest);
        with_most_clients.push(last);
    }
    ensure_none_violated(observer).await?;
    let mut rows: Vec<Row> = levels.into_iter().flat_map(|(clients, level)| level.rows(clients)).collect();
    rows.push(
        Row::new("flash sale: the peak of all levels", "intents/s", peak.clone())
            .target(Target::AtLeast(INTENTS_PER_SECOND_LEAST)),
    );
    let most = CLIENTS.last().context("no level")?;
    rows.push(
        Row::new(format!("flash sale: throughput at {most} clients"), "intents/s", with_most_clients)
            .beside("the peak of all levels", &peak)
            .target(Target::RatioAtLeast(PEAK_RATIO_LEAST)),
    );
    Ok(rows)
}

impl Level {
    /// Holds one sale and returns its intents a second.
    async fn add(
        &mut self,
        clients: usize,
        Shop { pipeline, observer, users }: &Shop<'_>,
        variant_id: &str,
    ) -> anyhow::Result<f64> {
        // Whoever gets the last unit, every client has a shopper left who is told that there is none.
        let (shoppers, time_max) = match clients {
            1 => (LONE_CLIENT_SHOPPERS, Some(LONE_CLIENT_MAX)),
            _ => (UNITS + i32::try_from(clients)?, None),
        };
        let shoppers = gather(pipeline, observer, variant_id, UNITS, shoppers).await?;
        let before = users.look()?;
        let sale = sell(shoppers, clients, time_max).await?;
        self.processor_ms.add(&users.look()?.since(&before), sale.granted)?;
        ensure_reserved(observer, variant_id, sale.granted).await?;
        if time_max.is_none() {
            ensure_sold_out(&sale, clients)?;
        }
        let per_second = sale.intents_per_second()?;
        self.per_second.push(per_second);
        self.p50_ms.push(sale.latencies.percentile(50)?);
        self.p95_ms.push(sale.latencies.percentile(95)?);
        self.p95_ms_most.push(1_500.0 * f64::from(u32::try_from(clients)?) / per_second);
        Ok(per_second)
    }

    fn rows(self, clients: usize) -> Vec<Row> {
        let load = format!("flash sale, {clients} clients");
        let intents = Row::new(format!("{load}: intents"), "intents/s", self.per_second)
            .beside("pgbench, bare updates of one row", &self.hot_row_per_second);
        let p95 = Row::new(format!("{load}: every answer, p95"), "ms", self.p95_ms)
            .beside("1.5 × clients ÷ throughput", &self.p95_ms_most);
        // A lone client waits for nobody: its slowest answers are the disk's.
        let p95 = if clients == 1 { p95 } else { p95.target(Target::RatioAtMost(1.0)) };
        let p50 = Row::new(format!("{load}: every answer, p50"), "ms", self.p50_ms);
        let mut rows = vec![intents, p50, p95];
        rows.extend(self.processor_ms.rows(&load, "ms/intent"));
        rows
    }
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

/// Every unit was sold, and every client was told once that there are no more.
fn ensure_sold_out(sale: &Sale, clients: usize) -> anyhow::Result<()> {
    let refused = sale.latencies.count() - sale.granted;
    ensure!(
        sale.granted == usize::try_from(UNITS)? && refused == clients,
        "{} of {UNITS} units were sold, and {refused} of {clients} clients were told that they are gone",
        sale.granted
    );
    Ok(())
}
