//! `make fill`: a database as a shop has it after a month, to see pages and queries at that size.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use pipeline_tests::{Filling, fill};
use tokio_postgres::NoTls;

/// Fills a migrated database with orders and jobs.
#[derive(Parser)]
struct Arguments {
    /// The database, as a superuser; `make fill` starts the demo's and migrates it.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    #[arg(long, default_value_t = 1_000_000)]
    jobs: u64,
    #[arg(long, default_value_t = 200_000)]
    orders: u64,
    /// Also evaluate every invariant afterwards: minutes on a large filling.
    #[arg(long)]
    check: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fill: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { database_url, jobs, orders, check }: Arguments) -> anyhow::Result<()> {
    schema::migrations::up(&database_url).await.context("the database cannot be migrated")?;
    let (client, connection) =
        tokio_postgres::connect(&database_url, NoTls).await.context("cannot connect to the database")?;
    tokio::spawn(async move {
        // The client's own calls report a connection that broke.
        drop(connection.await);
    });
    let filled = fill(&client, Filling { jobs, orders }, |done| eprintln!("fill: {done}")).await?;
    println!("{} payments, {} orders, {} jobs", filled.payments, filled.orders, filled.jobs);
    if check {
        let violations: i64 =
            client.query_one("SELECT count(*) FROM invariant_violations", &[]).await?.get(0);
        anyhow::ensure!(violations == 0, "{violations} invariants are violated");
        println!("no invariant is violated");
    }
    Ok(())
}
