//! `migrate`: brings a database to the schema this build was made for.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use schema::{PoolSettings, migrations, pool, print};

/// Applies, reverts and prints the schema of the order pipeline.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The database; its login must own the schema.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true, default_value = "")]
    database_url: String,
    /// A file that holds it instead, as secrets are mounted; one trailing newline is cut off.
    #[arg(long, env = "DATABASE_URL_FILE", global = true)]
    database_url_file: Option<PathBuf>,
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

async fn run(Arguments { database_url, database_url_file, command }: Arguments) -> anyhow::Result<()> {
    let url = named_once(database_url, database_url_file)?;
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

/// The database, from wherever it is named.
fn named_once(url: String, file: Option<PathBuf>) -> anyhow::Result<String> {
    match (url.is_empty(), file) {
        (false, None) => Ok(url),
        (true, Some(file)) => {
            let content = fs::read_to_string(&file)
                .with_context(|| format!("DATABASE_URL_FILE: cannot read {}", file.display()))?;
            Ok(content.strip_suffix('\n').unwrap_or(&content).to_owned())
        }
        (false, Some(_)) => bail!("DATABASE_URL_FILE: DATABASE_URL is set as well; set one of them"),
        (true, None) => bail!("DATABASE_URL: not set; name the database to migrate"),
    }
}

async fn print_schema(url: String) -> anyhow::Result<()> {
    let settings = PoolSettings { url, role: None, application_name: "migrate", size_max: 1 };
    let mut connection = pool::connect(&settings).await.context("DATABASE_URL")?;
    print!("{}", print::schema(&mut connection).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_named_once_by_its_url_or_by_a_file() {
        let file = std::env::temp_dir().join(format!("migrate-{}", std::process::id()));
        fs::write(&file, "postgres://from-a-file/pipeline\n").unwrap();
        let named = |url: &str, file: Option<&PathBuf>| named_once(url.to_owned(), file.cloned());
        assert_eq!(named("postgres://db/pipeline", None).unwrap(), "postgres://db/pipeline");
        assert_eq!(named("", Some(&file)).unwrap(), "postgres://from-a-file/pipeline");
        for refused in [named("", None), named("postgres://db/pipeline", Some(&file))] {
            assert!(refused.unwrap_err().to_string().starts_with("DATABASE_URL"));
        }
        fs::remove_file(&file).unwrap();
        assert!(named("", Some(&file)).unwrap_err().to_string().starts_with("DATABASE_URL_FILE"));
    }
}
