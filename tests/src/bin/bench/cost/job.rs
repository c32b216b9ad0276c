//! A job of the `queue` scenario's kind, at its enqueue and in its worker's hands.

use tokio_postgres::Client;

use super::round_trips::RoundTrips;
use crate::{
    cluster::Cluster,
    connections::{connect, worker_connections},
    processors::{PerUnit, Users},
    queue::{self, IdempotencyKey, NO_OP_JOBS},
    report::Row,
    rounds::Samples,
    say,
};

/// Processor time a job is too little to read.
const JOBS_A_FIGURE: usize = 1_000;
/// Enqueued one a transaction.
const ENQUEUES: u32 = 200;

pub(super) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("cost_of_a_job").await?;
    let observer = connect(&url).await?;
    let users = Users::without_services(&observer).await?;
    let wire = RoundTrips::before(&url).await?;
    let mut processor_ms = PerUnit::default();
    let (mut drained, mut enqueued) = (Samples::default(), Samples::default());
    for round in 1..=cluster.rounds {
        say(&format!("  jobs, round {round} of {}", cluster.rounds));
        fill(&observer).await?;
        let before = users.look()?;
        queue::drain(&url).await?;
        processor_ms.add(&users.look()?.since(&before), usize::try_from(NO_OP_JOBS)? / JOBS_A_FIGURE)?;

        fill(&observer).await?;
        wire.take();
        queue::drain(wire.url()).await?;
        drained.push(sum(&wire)? / f64::from(NO_OP_JOBS));

        let mut connections = worker_connections(wire.url(), 1).await?;
        wire.take();
        for connection in &mut connections {
            for number in 0..ENQUEUES {
                queue::enqueue(connection, usize::try_from(number)?).await?;
            }
        }
        enqueued.push(sum(&wire)? / f64::from(ENQUEUES));
    }
    let mut rows: Vec<Row> = processor_ms.rows("cost of 1,000 jobs, claimed and completed", "ms").collect();
    rows.push(Row::new("cost of a job: round trips of its enqueue alone", "a job", enqueued));
    rows.push(Row::new("cost of a job: round trips of claim and completion", "a job", drained));
    Ok(rows)
}

async fn fill(observer: &Client) -> anyhow::Result<()> {
    queue::empty_queue(observer).await?;
    queue::fill_queue(observer, NO_OP_JOBS, IdempotencyKey::OfItsOwn).await
}

fn sum(wire: &RoundTrips) -> anyhow::Result<f64> {
    Ok(f64::from(u32::try_from(wire.take().values().sum::<u64>())?))
}
