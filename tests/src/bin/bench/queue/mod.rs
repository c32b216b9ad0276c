//! The queue alone: jobs that do nothing, through the real claim and complete.

mod drain;
pub(crate) mod full_table;
mod no_op;
mod pickup;
mod replay;
mod wake_ups;

pub(crate) use drain::{JOBS as NO_OP_JOBS, drain};
pub(crate) use no_op::{IdempotencyKey, empty_queue, fill_queue};
pub(crate) use pickup::enqueue;

use crate::{cluster::Cluster, connections::connect, report::Row};

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("queue").await?;
    let observer = connect(&url).await?;
    let mut rows = drain::run(cluster, &url, &observer).await?;
    rows.extend(pickup::run(cluster, &url, &observer).await?);
    rows.extend(wake_ups::run(cluster, &url, &observer).await?);
    Ok(rows)
}
