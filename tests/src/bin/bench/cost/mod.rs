//! What a job and a purchase cost: bytes of WAL, processor time, round trips to Postgres.

mod job;
mod purchase;
mod round_trips;

use crate::{cluster::Cluster, report::Row};

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let mut rows = job::run(cluster).await?;
    rows.extend(purchase::run(cluster).await?);
    Ok(rows)
}
