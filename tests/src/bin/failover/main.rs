//! `make failover`: the machine of the leading Postgres dies under callbacks. Every callback that was acknowledged must
//! still be there afterwards, and every payment must become its order.
//!
//! Expects a fresh cluster of scripts/patroni.sh in `DATABASE_URL`.

mod callbacks;
mod cluster;
mod outage;
mod verdict;

use std::{fs, io::ErrorKind, path::Path, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, bail, ensure};
use clap::Parser;
use futures_util::{StreamExt, TryStreamExt, stream};
use pipeline_tests::{Checkout, Pipeline, PipelineOptions, Provider, Shopper, run_to_end};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::{Instant, interval, sleep};

use crate::{callbacks::Callback, cluster::Cluster, outage::Outage};

/// Shoppers who check out and pay before the load begins, so that the load is callbacks alone.
const PREPARED_AT_ONCE: usize = 8;
/// How long callbacks come in before the leader dies.
const CALM: Duration = Duration::from_secs(10);
/// How long the pipeline may take to make the last order, after the last callback was acknowledged.
const REST_TIMEOUT: Duration = Duration::from_secs(120);
const REST_LOOK_INTERVAL: Duration = Duration::from_millis(500);
const VARIANT: &str = "tea";
/// What the services said in the last run.
const LOG_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.data/failover-logs");
/// Later than a run takes: no order may owe its existence to anything but its callback.
const FIRST_QUESTION_SECONDS: &str = "1800";
/// How often a shopper asks for the same checkout whose gateway did not answer, as a storefront does.
const CHECKOUT_TRIES_MAX: u32 = 5;
const CHECKOUT_INTERVAL: Duration = Duration::from_secs(1);

/// Kills the leading Postgres under load and looks whether anything that was acknowledged is lost.
#[derive(Debug, Parser)]
struct Arguments {
    /// Both nodes of a fresh cluster; `make failover` starts one.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Callbacks to deliver.
    #[arg(long, default_value_t = 600)]
    callbacks: usize,
    /// How many of them a second.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    per_second: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failover: {error:#}\nfailover: the services' logs are in {LOG_FOLDER}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { database_url, callbacks: wanted, per_second }: Arguments) -> anyhow::Result<()> {
    let cluster = Cluster::of(&database_url)?;
    run_to_end("migrate", &["up"], &database_url).await?;
    open_shop(&cluster, wanted).await?;
    say("starting the sandbox and the services");
    let options = PipelineOptions::new(&database_url)
        .log_folder(fresh_log_folder()?)
        .workers(2)
        .setting("RECONCILE__SCHEDULE_SECONDS", FIRST_QUESTION_SECONDS);
    let pipeline = Arc::new(Pipeline::start(options).await?);
    say(&format!("{wanted} shoppers check out and pay; their callbacks wait"));
    let paid: Vec<Callback> = stream::iter(0..wanted)
        .map(|number| prepare(&pipeline, number))
        .buffer_unordered(PREPARED_AT_ONCE)
        .try_collect()
        .await?;

    let leader = cluster.leader().await?;
    say(&format!("{per_second} callbacks a second; node {leader} leads, and dies in {} s", CALM.as_secs()));
    let began = Instant::now();
    let load = tokio::spawn(callbacks::deliver(paid, interval(Duration::from_secs(1) / per_second)));
    sleep(CALM).await;
    ensure!(!load.is_finished(), "the callbacks were over before the leader died; name more of them");
    cluster.kill(&leader).await?;
    let died = Instant::now();
    let successor = cluster.leader().await?;
    say(&format!("node {successor} leads after {:.1} s", died.elapsed().as_secs_f64()));
    let acknowledged = load.await.context("the load broke down")??;
    let outage =
        Outage::find(&acknowledged, began, died).context("no callback was acknowledged after the death")?;

    await_rest(&cluster, wanted).await?;
    let findings = verdict::find(&cluster, &pipeline, &acknowledged, died).await?;
    cluster.start(&leader).await?;
    cluster.standby().await?;
    say(&format!("node {leader} is back as the synchronous standby"));
    Arc::try_unwrap(pipeline)
        .map_err(|_held| anyhow::anyhow!("somebody still uses the pipeline"))?
        .stop()
        .await?;
    println!("{outage}");
    println!("{findings}");
    ensure!(findings.is_clean(), "something that was acknowledged is not there, or is not as it must be");
    Ok(())
}

fn fresh_log_folder() -> anyhow::Result<&'static Path> {
    let folder = Path::new(LOG_FOLDER);
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).context("cannot empty the log folder")
        }
        _ => Ok(folder),
    }
}

async fn open_shop(cluster: &Cluster, units: usize) -> anyhow::Result<()> {
    let rows = cluster.connect().await?;
    rows.batch_execute(&format!(
        "INSERT INTO vendor_profiles (vendor_id, display_name) VALUES ('himal', 'Himal Traders');
         INSERT INTO products (product_id, vendor_id, name) VALUES ('tea', 'himal', 'Tea');
         INSERT INTO product_variants (variant_id, product_id, sku, title, unit_price_minor)
         VALUES ('{VARIANT}', 'tea', 'TEA', '100 g', 25000);
         INSERT INTO inventory (variant_id, available) VALUES ('{VARIANT}', {units})"
    ))
    .await
    .context("the shop cannot be opened")
}

/// A shopper who has paid and whose browser is not back yet.
async fn prepare(pipeline: &Pipeline, number: usize) -> anyhow::Result<Callback> {
    let provider = if number.is_multiple_of(2) { Provider::Esewa } else { Provider::Khalti };
    let shopper = pipeline.shopper(&format!("shopper-{number}")).await?;
    let cart = shopper.put_in_cart(VARIANT, 1).await?;
    let cart_version = cart.get("version").and_then(Value::as_i64).context("a cart without version")?;
    let checkout = check_out(&shopper, provider, cart_version).await?;
    shopper.open_payment_page(&checkout).await?;
    let redirects = shopper.at_gateway(&checkout, "pay").await?;
    let redirect = redirects.into_iter().next().context("the gateway sent the browser nowhere")?;
    Ok(Callback { payment_intent_id: checkout.payment_intent_id, redirect, shopper })
}

async fn check_out(shopper: &Shopper, provider: Provider, cart_version: i64) -> anyhow::Result<Checkout> {
    let key = uuid::Uuid::new_v4().to_string();
    for _ in 1..CHECKOUT_TRIES_MAX {
        let answer = shopper.ask_for_intent(provider, cart_version, &key).await?;
        if answer.status != StatusCode::BAD_GATEWAY {
            return Checkout::from_answer(provider, answer);
        }
        sleep(CHECKOUT_INTERVAL).await;
    }
    Checkout::from_answer(provider, shopper.ask_for_intent(provider, cart_version, &key).await?)
}

async fn await_rest(cluster: &Cluster, wanted: usize) -> anyhow::Result<()> {
    let rows = cluster.connect().await?;
    let deadline = Instant::now() + REST_TIMEOUT;
    loop {
        let orders: i64 = rows.query_one("SELECT count(*) FROM orders", &[]).await?.get(0);
        if usize::try_from(orders)? >= wanted {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!(
                "{orders} orders of {wanted} are made {} s after the last callback",
                REST_TIMEOUT.as_secs()
            );
        }
        sleep(REST_LOOK_INTERVAL).await;
    }
}

/// Progress, beside the report on stdout.
fn say(what: &str) {
    eprintln!("failover: {what}");
}
