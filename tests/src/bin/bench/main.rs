//! `make bench`: what the pipeline does in a second on this machine, each figure beside its limit or its unbatched
//! twin from the same run.

mod backlog;
mod cluster;
mod connections;
mod console_pages;
mod cost;
mod finalize;
mod flash_sale;
mod followers;
mod idle;
mod invariant_check;
mod invariants;
mod latencies;
mod machine;
mod ownership;
mod pgbench;
mod processors;
mod purchase;
mod queue;
mod report;
mod rescue;
mod rounds;
mod scenario;
mod shop;
mod sign_in;
mod statement_rate;
mod statements;
mod status;
mod wal;

use std::process::ExitCode;

use anyhow::ensure;
use clap::Parser;

use crate::{cluster::Cluster, report::Report, rounds::ROUNDS_MAX, scenario::Scenario};

/// Measures the pipeline against a private Postgres with default durability.
#[derive(Parser)]
struct Arguments {
    /// The benchmark's own database; `make bench` starts one. Refused where it is somebody else's.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Scenarios to run, instead of all.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Scenario>,
    /// How often each figure and what stands beside it are measured in turn.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(all_met) => ExitCode::from(u8::from(!all_met)),
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every target was met.
async fn run(Arguments { database_url, only, rounds }: Arguments) -> anyhow::Result<bool> {
    ensure!((1..=ROUNDS_MAX).contains(&rounds), "--rounds is 1 to {ROUNDS_MAX}");
    let owned = ownership::claim(&database_url).await?;
    let cluster = Cluster::new(&database_url, rounds)?;
    let mut report = Report::begin(&owned).await?;
    let chosen = if only.is_empty() { Scenario::ALL.to_vec() } else { only };
    for scenario in chosen {
        say(&format!("{}: {}", scenario.word(), scenario.what()));
        report.add(scenario.run(&cluster).await?);
    }
    report.finish()
}

/// Progress, apart from the table on stdout.
fn say(what: &str) {
    eprintln!("bench: {what}");
}
