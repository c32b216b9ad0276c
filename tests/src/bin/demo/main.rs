//! `make demo`: the whole pipeline on this machine, one real purchase through each gateway, then stays up.
//!
//! With `--once` the services are stopped after the purchases, and what the database holds then decides the status.

mod breakage;
mod purchase;
mod readback;

use std::{path::Path, process::ExitCode};

use anyhow::{Context, ensure};
use clap::Parser;
use pipeline_tests::{Pipeline, PipelineOptions, Program, Provider, run_to_end};
use tokio::signal::unix::{SignalKind, signal};

use crate::{breakage::Breakage, purchase::Purchase};

const CATALOGUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/demo-catalogue.json");
const LOG_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.data/demo-logs");
/// Whoever closes the tab after paying need not wait a minute to see the order found, nor long for a killed worker's jobs.
const FIRST_QUESTIONS_SECONDS: &str = "10,30,60,180,300,600,1200,2400";
const LEASE_SECONDS: u32 = 5;
/// Held while a demo runs; any number that nothing else on a demo's server locks.
const DEMO_LOCK: i64 = 7_164_702_932;

/// Runs the order pipeline here and buys once through each gateway.
#[derive(Parser)]
struct Arguments {
    /// The database to migrate and use; `make demo` starts a private one where this is not set.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Stop after the purchases, check what the database holds, and end with a status.
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { database_url, once }: Arguments) -> anyhow::Result<()> {
    let observer = readback::connect(&database_url).await?;
    let alone: bool = observer.query_one("SELECT pg_try_advisory_lock($1)", &[&DEMO_LOCK]).await?.get(0);
    ensure!(alone, "another demo runs on this database");

    say("migrating the database");
    run_to_end("migrate", &["up"], &database_url).await?;
    say("importing the catalogue");
    run_to_end("catalogue", &["import", CATALOGUE], &database_url).await?;
    say("starting the sandbox (eSewa, Khalti, sign-in) and the services");
    let options = PipelineOptions::new(&database_url)
        .log_folder(Path::new(LOG_FOLDER))
        .setting("RECONCILE__SCHEDULE_SECONDS", FIRST_QUESTIONS_SECONDS)
        .setting("WORKER__LEASE_SECONDS", LEASE_SECONDS);
    let mut pipeline = Pipeline::start(options).await?;
    pipeline.restart(Program::AdminConsole).await?;

    let mut purchases = Vec::new();
    for provider in Provider::ALL {
        purchases.push(purchase::make(&pipeline, provider).await?);
    }
    if once {
        say("stopping the services");
        pipeline.stop().await?;
        return report(&observer, &purchases).await;
    }
    report(&observer, &purchases).await?;
    stay_up(pipeline, &database_url, &purchases).await
}

/// Prints every order as the database has it, and fails where one is not as it was bought.
async fn report(observer: &tokio_postgres::Client, purchases: &[Purchase]) -> anyhow::Result<()> {
    println!("\nOrders in the database:");
    for purchase in purchases {
        println!("{}", readback::order(observer, purchase).await?);
    }
    Ok(())
}

async fn stay_up(pipeline: Pipeline, database_url: &str, purchases: &[Purchase]) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (checkout, sandbox) = (pipeline.checkout_url()?, pipeline.sandbox_url());
    let (callback, logs) = (pipeline.callback_url(), pipeline.log_folder().canonicalize()?);
    let breakage = Breakage::serve(pipeline).await?;
    println!("\nAll of it stays up until Ctrl-C:");
    println!("  the shop                   {sandbox}/shop");
    println!("  the operator's console     {sandbox}/sign-in?next=/admin");
    println!("  break things and mend them {}", breakage.url());
    println!("  make gateways misbehave    {sandbox}/shop/trouble");
    println!("  API and its documentation  {checkout}/docs");
    println!("  products                   {checkout}/api/products");
    for Purchase { payment_intent_id, .. } in purchases {
        println!("  a confirmation page        {callback}/payment/status/{payment_intent_id}");
    }
    println!("  gateways and their control {sandbox}/");
    println!(
        "  a shopper's token          curl -s {sandbox}/identity/token -H 'content-type: application/json' \\"
    );
    println!("                               -d '{{\"sub\":\"me\",\"audience\":\"storefront\"}}'");
    println!("  database                   {database_url}");
    println!("  logs                       {}", logs.display());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    say("stopping");
    breakage.stop().await.context("a service did not stop in order")
}

fn say(what: &str) {
    println!("demo: {what}");
}
