//! `make guards`: takes each guard out in turn, runs the test that should notice, and says which one did. A guard that
//! nothing misses makes it fail. `docs/guards.md` tells what counts as a guard.

mod cargo;
mod constraints;
mod fences;
mod report;
mod scratch;
mod switches;
mod tests;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Parser, ValueEnum};

use crate::report::Report;

/// Takes guards out, one by one, and looks who notices.
#[derive(Parser)]
struct Arguments {
    /// The test server, as a superuser; `make guards` starts a private one.
    #[arg(long, env = "TEST_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// What to take out, instead of everything.
    #[arg(value_enum)]
    kinds: Vec<Kind>,
    /// Guards whose names contain one of these texts, instead of all.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only check that every fence of the list is where the list says; builds and runs nothing.
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Constraints, unique indexes, triggers and refusals of functions, out of the test databases.
    Constraints,
    /// Conditions of late writes, out of a scratch copy of the sources.
    Fences,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(all_are_missed) => ExitCode::from(u8::from(!all_are_missed)),
        Err(error) => {
            eprintln!("guards: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every guard is missed by some test.
async fn run(arguments: Arguments) -> anyhow::Result<bool> {
    let checkout = checkout()?;
    let fences = fences::read(&checkout)?;
    if arguments.check {
        println!("{} fences are where the list says", fences.len());
        return Ok(true);
    }
    let is_wanted = |kind: Kind| arguments.kinds.is_empty() || arguments.kinds.contains(&kind);
    let is_named =
        |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|text| name.contains(text));
    let database_url =
        arguments.database_url.context("TEST_DATABASE_URL names no test server; use `make guards`")?;
    let mut report = Report::default();
    if is_wanted(Kind::Constraints) {
        constraints::take_out(&checkout, &database_url, is_named, &mut report).await?;
    }
    if is_wanted(Kind::Fences) {
        fences::take_out(&checkout, &database_url, fences, is_named, &mut report).await?;
    }
    Ok(report.print())
}

/// Where this program's sources are.
fn checkout() -> anyhow::Result<PathBuf> {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).canonicalize().context("this checkout is gone")
}
