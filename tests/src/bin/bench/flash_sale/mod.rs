//! Everybody wants the same variant: requests for intents a second, and nothing sold that is not there.

mod crowd;
mod hot_row;
mod hundred_units;
mod levels;
mod sale;

use pipeline_tests::{Pipeline, PipelineOptions};

use crate::{cluster::Cluster, connections::connect, machine::ensure_files_may_be_open, report::Row, shop};

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    ensure_files_may_be_open()?;
    let url = cluster.fresh_database("flash_sale").await?;
    let observer = connect(&url).await?;
    shop::open(&observer).await?;
    hot_row::prepare(&observer).await?;
    let pipeline = Pipeline::start(PipelineOptions::new(&url)).await?;
    let mut rows = levels::run(cluster, &url, &pipeline, &observer).await?;
    rows.push(hundred_units::run(&pipeline, &observer).await?);
    pipeline.stop().await?;
    Ok(rows)
}
