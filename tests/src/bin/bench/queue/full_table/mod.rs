//! A rush of 100,000 due jobs in a table of a million finished and 100,000 future ones, beside the same rush in a table
//! that holds nothing else; then once more while somebody keeps an old snapshot open, so that no dead row may go.

mod table;

use std::time::Duration;

use anyhow::ensure;
use table::Table;
use tokio::time::interval;
use tokio_postgres::Client;

use crate::{
    cluster::Cluster,
    connections::connect,
    latencies::Latencies,
    queue::drain::BATCH,
    report::{Row, Target},
    rounds::Samples,
    say,
};

const FINISHED: i32 = 1_000_000;
const FUTURE: i32 = 100_000;
const RUSH: i32 = 100_000;
/// Due as well, and left for the time after the snapshot.
const LEFT: i32 = 20_000;
/// The rush under a snapshot lasts a minute at this pace, longer where claims are slower.
const PINNED_CLAIM_INTERVAL: Duration = Duration::from_millis(60);

const FULL_RATIO_MOST: f64 = 2.0;
const PINNED_RATIO_MOST: f64 = 3.0;

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let full_url = cluster.fresh_database("queue_full").await?;
    let mut full = Table::open(&full_url).await?;
    let mut bare = Table::open(&cluster.fresh_database("queue_bare").await?).await?;
    say(&format!("  filling a table with {FINISHED} finished and {FUTURE} future jobs"));
    full.add_finished(FINISHED).await?;
    full.add_future(FUTURE).await?;

    let (mut unpinned, mut pinned, mut released) = (Claims::default(), Claims::default(), Claims::default());
    for round in 1..=cluster.rounds {
        say(&format!("  round {round} of {}: {RUSH} due jobs", cluster.rounds));
        bare.clear().await?;
        add_due(&full, &bare, RUSH).await?;
        unpinned.add(&drain_in_turn(&mut full, &mut bare, RUSH, Duration::ZERO).await?)?;
        ensure_drained(&full, &bare).await?;

        say(&format!("  round {round} of {}: {RUSH} due jobs under an open snapshot", cluster.rounds));
        bare.clear().await?;
        add_due(&full, &bare, RUSH + LEFT).await?;
        let snapshot = open_snapshot(&full_url).await?;
        pinned.add(&drain_in_turn(&mut full, &mut bare, RUSH, PINNED_CLAIM_INTERVAL).await?)?;
        snapshot.batch_execute("COMMIT").await?;
        released.add(&drain_in_turn(&mut full, &mut bare, LEFT, Duration::ZERO).await?)?;
        ensure_drained(&full, &bare).await?;
    }
    let mut rows = Vec::from(unpinned.rows("full table", Some(FULL_RATIO_MOST)));
    rows.extend(pinned.rows("full table under a snapshot", Some(PINNED_RATIO_MOST)));
    rows.extend(released.rows("full table after the snapshot's release", None));
    Ok(rows)
}

/// Of each table, round by round.
#[derive(Default)]
struct Claims {
    full_p50: Samples,
    full_p99: Samples,
    bare_p50: Samples,
    bare_p99: Samples,
}

impl Claims {
    fn add(&mut self, (full, bare): &(Latencies, Latencies)) -> anyhow::Result<()> {
        self.full_p50.push(full.percentile(50)?);
        self.full_p99.push(full.percentile(99)?);
        self.bare_p50.push(bare.percentile(50)?);
        self.bare_p99.push(bare.percentile(99)?);
        Ok(())
    }

    fn rows(self, when: &str, ratio_most: Option<f64>) -> [Row; 2] {
        let beside = "with nothing else in the table";
        let p50 = Row::new(format!("{when}: claim of {BATCH}, p50"), "ms", self.full_p50)
            .beside(beside, &self.bare_p50);
        let p99 = Row::new(format!("{when}: claim of {BATCH}, p99"), "ms", self.full_p99)
            .beside(beside, &self.bare_p99);
        let p99 = match ratio_most {
            Some(most) => p99.target(Target::RatioAtMost(most)),
            None => p99,
        };
        [p50, p99]
    }
}

async fn add_due(full: &Table, bare: &Table, jobs: i32) -> anyhow::Result<()> {
    full.add_due(jobs).await?;
    bare.add_due(jobs).await
}

/// Claims and completes `jobs` in each table, a hundred here and a hundred there, no two claims of a table closer than
/// `pace`; returns how long the claims took in the full table and in the bare one.
async fn drain_in_turn(
    full: &mut Table,
    bare: &mut Table,
    jobs: i32,
    pace: Duration,
) -> anyhow::Result<(Latencies, Latencies)> {
    let mut ticks = (!pace.is_zero()).then(|| interval(pace));
    let (mut of_full, mut of_bare) = (Latencies::default(), Latencies::default());
    for _ in 0..u32::try_from(jobs)?.div_ceil(BATCH) {
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        of_full.add(full.claim_and_complete().await?);
        of_bare.add(bare.claim_and_complete().await?);
    }
    Ok((of_full, of_bare))
}

/// A transaction that has read and stays: nothing that dies after it can be cleaned up.
async fn open_snapshot(url: &str) -> anyhow::Result<Client> {
    let snapshot = connect(url).await?;
    snapshot.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    snapshot.query_one("SELECT count(*) FROM job_queue WHERE status = 'processing'", &[]).await?;
    Ok(snapshot)
}

/// Everything that was due is completed, and nothing else was touched.
async fn ensure_drained(full: &Table, bare: &Table) -> anyhow::Result<()> {
    ensure!(bare.future().await? == 0, "the bare table holds future jobs");
    ensure!(full.future().await? == i64::from(FUTURE), "future jobs were claimed");
    Ok(())
}
