//! The check of the invariants over 100,000 orders and a variant of a million movements: everything, beside what has
//! changed since the last look.

mod seed;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use domain::{
    Connection,
    invariants::{Checked, Finding, Pace, begin_round, check_page},
};
use schema::{PoolSettings, pool};
use tokio_postgres::Client;

use crate::{
    cluster::Cluster,
    connections::connect,
    report::{Row, Target},
    rounds::Samples,
    say,
};

/// The reaper's default.
const TURN: Pace = Pace::Continued { interval: Duration::from_secs(10) };
/// Intents, and variants, that change before each page: ten a second over an interval.
const CHANGED: i64 = 100;
/// Pages of a lap; the middle one counts.
const PAGES: usize = 21;
/// No lap over everything takes more pages.
const WHOLE_PAGES_MAX: usize = 10_000;

const WHOLE_SECONDS_MOST: f64 = 10.0;
const PAGE_MS_MOST: f64 = 100.0;

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("invariants").await?;
    let observer = connect(&url).await?;
    say(&format!("  making {} orders and a variant of {} movements", seed::ORDERS, seed::HOT_MOVEMENTS));
    seed::orders(&observer).await?;
    let reaper = PoolSettings { url, role: Some("stale_job_reaper"), application_name: "bench", size_max: 1 };
    let mut reaper = pool::connect(&reaper).await?;
    whole(&mut reaper).await?;
    ensure_breaches_are_found(&observer, &mut reaper).await?;

    let (mut view, mut rounds, mut pages) = (Samples::default(), Samples::default(), Samples::default());
    for round in 1..=cluster.rounds {
        say(&format!("  round {round} of {}", cluster.rounds));
        view.push(read_view(&observer).await?);
        rounds.push(whole(&mut reaper).await?);
        pages.push(page_lap(&observer, &mut reaper).await?);
    }
    let as_ms = |samples: &Samples| samples.times(1_000.0);
    Ok(vec![
        Row::new("invariants: the whole view, jit off", "s", view.clone())
            .target(Target::AtMost(WHOLE_SECONDS_MOST)),
        Row::new("invariants: everything, by --once", "s", rounds).beside("the whole view, s", &view),
        Row::new("invariants: 100 changed intents and variants", "ms", pages)
            .beside("the whole view, ms", &as_ms(&view))
            .target(Target::AtMost(PAGE_MS_MOST)),
    ])
}

/// Seconds that the view takes; nothing may be in it.
async fn read_view(observer: &Client) -> anyhow::Result<f64> {
    observer.batch_execute("SET jit = off").await?;
    let began = Instant::now();
    let rows = observer.query("SELECT invariant, subject FROM invariant_violations", &[]).await?;
    let took = began.elapsed().as_secs_f64();
    ensure!(rows.is_empty(), "{} promises are broken by the seed", rows.len());
    Ok(took)
}

/// Seconds that `stale-job-reaper --once` takes to look at everything, page after page, none longer than a moment.
async fn whole(reaper: &mut Connection) -> anyhow::Result<f64> {
    let began = Instant::now();
    begin_round(reaper).await?;
    for _ in 0..WHOLE_PAGES_MAX {
        let checked = page(reaper, Pace::Whole).await?;
        ensure!(checked.findings.is_empty(), "the seed breaks a promise: {:?}", checked.findings);
        if checked.round_has_ended && checked.variants_behind == 0 {
            return Ok(began.elapsed().as_secs_f64());
        }
    }
    anyhow::bail!("the round did not end in {WHOLE_PAGES_MAX} pages")
}

async fn page(reaper: &mut Connection, pace: Pace) -> anyhow::Result<Checked> {
    check_page(reaper, pace).await?.context("somebody else checks the benchmark's database")
}

/// Milliseconds that a page takes after a hundred intents and a hundred variants, the hot one among them, have changed.
async fn page_lap(observer: &Client, reaper: &mut Connection) -> anyhow::Result<f64> {
    let mut took = Samples::default();
    for _ in 0..PAGES {
        seed::change(observer, CHANGED).await?;
        let began = Instant::now();
        let checked = page(reaper, TURN).await?;
        took.push(began.elapsed().as_secs_f64() * 1_000.0);
        let looked_at = i64::try_from(checked.looked_at)?;
        ensure!(looked_at >= 2 * CHANGED, "only {looked_at} subjects were looked at");
        ensure!(checked.findings.is_empty(), "a change breaks a promise: {:?}", checked.findings);
    }
    Ok(took.spread()?.median)
}

/// A figure of a check that finds nothing is worth nothing: one breach that a movement announces, one that nothing does.
async fn ensure_breaches_are_found(observer: &Client, reaper: &mut Connection) -> anyhow::Result<()> {
    seed::break_stock(observer).await?;
    ensure_is(&page(reaper, TURN).await?.findings, "movements_reproduce_stock", seed::HOT_VARIANT, false)?;
    seed::mend_stock(observer).await?;
    ensure_is(&page(reaper, TURN).await?.findings, "movements_reproduce_stock", seed::HOT_VARIANT, true)?;

    let payment_intent_id = seed::change_owner(observer, "somebody-else").await?;
    begin_round(reaper).await?;
    let mut findings = Vec::new();
    for _ in 0..WHOLE_PAGES_MAX {
        let checked = page(reaper, Pace::Whole).await?;
        findings.extend(checked.findings);
        if checked.round_has_ended {
            break;
        }
    }
    ensure_is(&findings, "order_intent_and_cart_have_one_owner", &payment_intent_id, false)?;
    seed::change_owner(observer, "shopper-1").await?;
    let invariant = "order_intent_and_cart_have_one_owner";
    ensure_is(&page(reaper, TURN).await?.findings, invariant, &payment_intent_id, true)
}

fn ensure_is(findings: &[Finding], invariant: &str, subject: &str, is_cleared: bool) -> anyhow::Result<()> {
    let is_it = |finding: &Finding| {
        finding.invariant == invariant && finding.subject == subject && finding.is_cleared == is_cleared
    };
    ensure!(
        findings.len() == 1 && findings.iter().all(is_it),
        "{invariant} of {subject} was planted, and this was found: {findings:?}"
    );
    Ok(())
}
