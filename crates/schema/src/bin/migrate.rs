//! `migrate`: brings a database to the schema this build was made for.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use schema::{PoolSettings, migrations, pool, print};

/// Applies, reverts and prints the schema of the order pipeline.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The database; its login must own the schema.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true, default_value = "")]
    database_url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Apply what is pending.
    Up,
    /// Revert the newest migration.
    Down {
        /// Revert all of them.
        #[arg(long)]
        all: bool,
    },
    /// Print schema.rs as the database has it.
    PrintSchema,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("migrate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { database_url: url, command }: Arguments) -> anyhow::Result<()> {
    anyhow::ensure!(!url.is_empty(), "DATABASE_URL: not set; name the database to migrate");
    let (done, applied) = match command {
        Command::Up => ("applied", migrations::up(&url).await?),
        Command::Down { all: false } => ("reverted", migrations::down(&url).await?),
        Command::Down { all: true } => ("reverted", migrations::down_all(&url).await?),
        Command::PrintSchema => return print_schema(url).await,
    };
    for version in &applied.versions {
        println!("{done} {version}");
    }
    println!("{} migrations {done}", applied.versions.len());
    Ok(())
}

async fn print_schema(url: String) -> anyhow::Result<()> {
    let settings = PoolSettings { url, role: None, application_name: "migrate", size_max: 1 };
    let mut connection = pool::connect(&settings).await.context("DATABASE_URL")?;
    print!("{}", print::schema(&mut connection).await?);
    Ok(())
}
