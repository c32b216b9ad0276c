//! `make chaos`: shoppers who behave like people, gateways that lie, and everything that can break breaking, again and
//! again; then the gateways' books against ours. See docs/chaos.md.

mod draw;
mod faults;
mod ground;
mod load;
mod plan;
mod progress;
mod report;
mod rest;
mod settings;
mod shop;
mod tally;
mod told;
mod verdict;
mod visit;
mod world;

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use clap::Parser;
use pipeline_tests::{Pipeline, PipelineOptions, Program, Provider, Shopper, fault_proxy::FaultProxy};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    faults::Storm,
    ground::Ground,
    load::Until,
    plan::{GatewayModes, PLANNED_ACTIONS},
    report::Report,
    tally::Tally,
    told::Told,
    verdict::Verdict,
    world::{REPLICAS, World},
};

const LOG_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.data/chaos-logs");
/// How long the purchases before the storm may take.
const CALM_PURCHASE_TIMEOUT: Duration = Duration::from_secs(60);
/// Of the hot variant, so many for every hundred intents wanted.
const HOT_PER_HUNDRED: usize = 15;
/// What a run of so many seconds is taken to want.
const INTENTS_PER_SECOND: usize = 15;

/// Breaks the pipeline in every way it can think of, and checks that no payment is lost, doubled or invented.
#[derive(Debug, Clone, Parser)]
struct Arguments {
    /// The server to make a database on; `make chaos` starts a private one. Another one is never restarted.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Decides every random choice; drawn and printed where it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Intents to make.
    #[arg(long, default_value_t = 10_000)]
    intents: usize,
    /// Let shoppers in for so long, instead of counting intents.
    #[arg(long)]
    seconds: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let again = again(seed, &arguments);
    say(&format!(
        "seed {seed}; {again} draws everything in the same way, though processes will not be timed the same"
    ));
    match run(seed, &arguments).await {
        Ok(true) => {
            println!("\nchaos: seed {seed} found nothing");
            ExitCode::SUCCESS
        }
        Ok(false) => {
            println!(
                "\nchaos: seed {seed} FOUND SOMETHING; logs are kept in {}; again: {again}",
                log_folder(seed).display()
            );
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("chaos: {error:#}");
            eprintln!(
                "chaos: seed {seed} failed; logs are kept in {}; again: {again}",
                log_folder(seed).display()
            );
            ExitCode::FAILURE
        }
    }
}

fn again(seed: u64, arguments: &Arguments) -> String {
    match arguments.seconds {
        Some(seconds) => format!("`chaos --seed {seed} --seconds {seconds}`"),
        None => format!("`make chaos SEED={seed} INTENTS={}`", arguments.intents),
    }
}

fn log_folder(seed: u64) -> PathBuf {
    PathBuf::from(LOG_FOLDER).join(format!("seed-{seed}"))
}

/// Whether everything was found as it must be.
async fn run(seed: u64, arguments: &Arguments) -> anyhow::Result<bool> {
    let until = match arguments.seconds {
        Some(seconds) => Until::Elapsed(Duration::from_secs(seconds)),
        None => Until::Intents(arguments.intents),
    };
    let ground = Ground::prepare(&arguments.database_url, seed).await?;
    let wanted = arguments.seconds.map_or(Ok(arguments.intents), usize::try_from)?;
    let wanted = if arguments.seconds.is_some() { wanted * INTENTS_PER_SECOND } else { wanted };
    shop::open(&ground.connect().await?, i32::try_from(wanted * HOT_PER_HUNDRED / 100)?).await?;

    let url = ground.database_url();
    let proxies = [FaultProxy::before(url).await?, FaultProxy::before(url).await?];
    let logs = log_folder(seed);
    if logs.exists() {
        fs::remove_dir_all(&logs).with_context(|| format!("cannot clear {}", logs.display()))?;
    }
    let [before_first, before_second] = &proxies;
    let options = settings::of_services()
        .into_iter()
        .fold(PipelineOptions::new(before_first.url()), |options, (name, value)| options.setting(name, value))
        .log_folder(&logs);
    say("starting the sandbox, and two of every service");
    let first = Pipeline::start(options).await?;
    let second = first.start_beside_at(before_second.url()).await?;
    let mut replicas = [first, second];
    let world = Arc::new(open(seed, &replicas).await?);

    let began = Instant::now();
    let injected = Tally::default();
    let load_took = {
        let storm = Storm {
            seed,
            ground: &ground,
            proxies: &proxies,
            sandbox: &world.sandbox,
            modes: &world.modes,
            injected: &injected,
            enough: CancellationToken::new(),
        };
        let load = load::shoppers(&world, until, &storm.enough);
        tokio::select! {
            both = async { tokio::try_join!(load, storm.rage(&mut replicas)) } => both.map(drop)?,
            watched = progress::watch(&ground, &injected, began) => watched?,
        }
        began.elapsed()
    };
    conclude(&ground, &world, &injected, load_took, replicas).await
}

/// Buys once through each gateway while nothing is wrong yet.
async fn open(seed: u64, replicas: &[Pipeline; REPLICAS]) -> anyhow::Result<World> {
    let [first, second] = replicas;
    let sandbox = first.sandbox();
    let vocabulary = sandbox.vocabulary().await?;
    let modes = GatewayModes::of(&vocabulary)?;
    let actions = vocabulary.get("actions").and_then(|actions| actions.as_array()).context("no actions")?;
    for action in actions.iter().filter_map(|action| action.get("name")?.as_str()) {
        ensure!(PLANNED_ACTIONS.contains(&action), "nobody plans the sandbox's action {action}");
    }
    let guest = first.shopper("guest").await?;
    let mut proofs = Vec::new();
    for provider in Provider::ALL {
        proofs.push(buy(&guest, provider).await?);
    }
    let callback = second.address(Program::PaymentCallback)?;
    Ok(World {
        seed,
        storefronts: [guest.clone().at(&first.checkout_url()?), guest.at(&second.checkout_url()?)],
        callbacks: [first.callback_url(), format!("http://{callback}")],
        http: first.http().clone(),
        sandbox,
        modes,
        proofs,
        told: Told::default(),
        load: Tally::default(),
        requests: World::requests(),
    })
}

async fn buy(guest: &Shopper, provider: Provider) -> anyhow::Result<pipeline_tests::Checkout> {
    guest.put_in_cart("plenty-1", 1).await?;
    let checkout = guest.checkout(provider).await?;
    guest.pay(&checkout).await?;
    guest.await_status(&checkout.payment_intent_id, "confirmed", CALM_PURCHASE_TIMEOUT).await?;
    Ok(checkout)
}

/// Waits for rest, compares, prints, and stops what runs.
async fn conclude(
    ground: &Ground,
    world: &World,
    injected: &Tally,
    load_took: Duration,
    replicas: [Pipeline; REPLICAS],
) -> anyhow::Result<bool> {
    say("the last shopper has left and nothing is broken any more; waiting for rest");
    let calm = Instant::now();
    let rows = ground.connect().await?;
    let intents = u64::try_from(world.told.intents_made())?;
    let unrest = rest::come_to_rest(&rows, &world.sandbox, intents).await?;
    let rest_took = calm.elapsed();
    let failed = "SELECT count(*) FROM job_queue WHERE status = 'failed'";
    let report = Report {
        figures: progress::figures(&rows).await?,
        load_took,
        rest_took,
        unrest,
        verdict: Verdict::find(&rows, &world.sandbox, &world.told).await?,
        jobs_failed: rows.query_one(failed, &[]).await?.get(0),
        restarts_are_allowed: ground.is_own(),
    };
    report.print(world, injected);
    let [first, second] = replicas;
    second.stop().await?;
    first.stop().await?;
    if report.is_clean() {
        fs::remove_dir_all(log_folder(world.seed)).context("the logs cannot be removed")?;
    }
    Ok(report.is_clean())
}

/// Progress, beside the report on stdout.
fn say(what: &str) {
    eprintln!("chaos: {what}");
}
