//! The catalogue from the command line: import a file, receive and count stock.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail, ensure};
use clap::{Parser, Subcommand};
use domain::{
    Connection, PoolSettings,
    catalogue::{Catalogue, CatalogueFormat, ImportMode, ImportReport, import},
    pool, stock,
};
use secrecy::ExposeSecret;
use service_kit::settings::Settings;

/// Bytes of a catalogue file at most; it is read whole.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Puts goods into the shop. Needs DATABASE_URL.
#[derive(Parser)]
#[command(name = "catalogue", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Adds and updates vendors, products and variants (by SKU) from a .csv or .json file, all or nothing.
    Import {
        file: PathBuf,
        /// Report what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Changes what can be sold of one variant.
    #[command(subcommand)]
    Stock(StockCommand),
}

#[derive(Subcommand)]
enum StockCommand {
    /// Adds a delivery.
    Receive {
        sku: String,
        units: u32,
        /// Why, for the ledger.
        #[arg(long)]
        reason: String,
    },
    /// Sets what can be sold to what was counted; reserved units are not part of it.
    Set {
        sku: String,
        available: i32,
        /// Why, for the ledger.
        #[arg(long)]
        reason: String,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    service_kit::run("catalogue", async move |settings, _shutdown| run(&settings, arguments.command).await)
}

async fn run(settings: &Settings, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Import { file, dry_run } => {
            let catalogue = read(&file)?;
            let mode = if dry_run { ImportMode::DryRun } else { ImportMode::Apply };
            let name = file.file_name().unwrap_or(OsStr::new("a file")).to_string_lossy();
            let reason = format!("import of {}", name.chars().take(200).collect::<String>());
            let report = import(&mut connect(settings).await?, &catalogue, &reason, mode).await?;
            print(&report, mode);
        }
        Command::Stock(StockCommand::Receive { sku, units, reason }) => {
            let after = stock::receive_stock(&mut connect(settings).await?, &sku, units, &reason).await?;
            println!("{sku}: {after} can be sold");
        }
        Command::Stock(StockCommand::Set { sku, available, reason }) => {
            let before = stock::set_stock(&mut connect(settings).await?, &sku, available, &reason).await?;
            println!("{sku}: {before} -> {available}");
        }
    }
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Catalogue> {
    let format = match file.extension().and_then(OsStr::to_str) {
        Some("json") => CatalogueFormat::Json,
        Some("csv") => CatalogueFormat::Csv,
        _ => bail!("{}: a catalogue file ends in .json or .csv", file.display()),
    };
    let context = || format!("cannot read {}", file.display());
    let length = std::fs::metadata(file).with_context(context)?.len();
    ensure!(length <= FILE_BYTES_MAX, "{} has {length} bytes, more than {FILE_BYTES_MAX}", file.display());
    let text = std::fs::read_to_string(file).with_context(context)?;
    Catalogue::read(&text, format).with_context(|| format!("{} is not imported", file.display()))
}

async fn connect(settings: &Settings) -> anyhow::Result<Connection> {
    let settings = PoolSettings {
        url: settings.database()?.url.expose_secret().to_owned(),
        role: Some("catalogue_keeper"),
        application_name: "catalogue",
        size_max: 1,
    };
    Ok(pool::connect(&settings).await?)
}

fn print(report: &ImportReport, mode: ImportMode) {
    let verb = match mode {
        ImportMode::Apply => "",
        ImportMode::DryRun => "would be ",
    };
    for (what, put) in
        [("vendors", report.vendors), ("products", report.products), ("variants", report.variants)]
    {
        println!("{what}: {} {verb}added, {} {verb}changed", put.added, put.changed);
    }
    for change in &report.stock_changes {
        println!("stock of {}: {} -> {}", change.sku, change.available_before, change.available_after);
    }
    println!("stock: {} counts {verb}changed", report.stock_changes.len());
}
