//! A worker goes: killed with a batch in hand, and asked to stop with most of one not begun. Real binaries, default settings.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use pipeline_tests::{Pipeline, PipelineOptions, Program, Signal};
use tokio::time::sleep;
use tokio_postgres::Client;

use crate::{
    cluster::Cluster,
    connections::connect,
    finalize::seed,
    invariants::ensure_none_violated,
    report::{Row, Target},
    rounds::Samples,
    say,
};

const WORKER: Program = Program::OrderWorker(0);
/// One claim of orders.
const JOBS: usize = 50;

/// The default lease and two seconds.
const RESCUED_SECONDS_MOST: f64 = 17.0;
const RETURNED_MS_MOST: f64 = 100.0;

/// Bounds every wait for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// Refuses orders that come together, and holds up those that come alone while somebody has the lock.
const HOLD_UP: &str = "
    CREATE FUNCTION bench_hold_up() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT count(*) FROM made) > 1 THEN
            RAISE EXCEPTION 'together' USING CONSTRAINT = 'orders_come_alone';
        END IF;
        PERFORM pg_advisory_xact_lock_shared(1);
        RETURN NULL;
    END $$;
    CREATE TRIGGER bench_hold_up AFTER INSERT ON orders REFERENCING NEW TABLE AS made
        FOR EACH STATEMENT EXECUTE FUNCTION bench_hold_up()";
const LET_GO: &str = "DROP TRIGGER bench_hold_up ON orders; DROP FUNCTION bench_hold_up()";

const PROCESSING: &str = "SELECT count(*) FROM job_queue WHERE status = 'processing'";
const RESCUED: &str = "SELECT count(*) FROM job_queue WHERE crash_count = 1";
const UNFINISHED: &str =
    "SELECT count(*) FROM job_queue WHERE job_type = 'finalize_order' AND status <> 'completed'";
const RETURNED: &str =
    "SELECT count(*) FROM job_queue WHERE status = 'pending' AND attempts = 0 AND lease_no = 1";
const HELD_UP: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'order-worker' AND wait_event = 'advisory'";

#[derive(Default)]
struct Measured {
    rescued: Samples,
    ordered: Samples,
    returned: Samples,
}

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("rescue").await?;
    let observer = connect(&url).await?;
    seed::prepare(&observer).await?;
    let mut pipeline = Pipeline::start(PipelineOptions::new(&url)).await?;
    let mut measured = Measured::default();
    for round in 1..=cluster.rounds {
        say(&format!("  round {round} of {}: a worker is killed", cluster.rounds));
        let (rescued, ordered) = crash(&mut pipeline, &url, &observer).await?;
        measured.rescued.push(rescued.as_secs_f64());
        measured.ordered.push(ordered.as_secs_f64());
        say(&format!("  round {round} of {}: a worker is asked to stop", cluster.rounds));
        let returned = stop(&mut pipeline, &url, &observer).await?;
        measured.returned.push(returned.as_secs_f64() * 1_000.0);
    }
    ensure_none_violated(&observer).await?;
    pipeline.stop().await?;
    Ok(vec![
        Row::new(format!("worker killed: its {JOBS} jobs are due again"), "s", measured.rescued)
            .target(Target::AtMost(RESCUED_SECONDS_MOST)),
        Row::new(format!("worker killed: its {JOBS} jobs are orders"), "s", measured.ordered),
        Row::new(
            format!("SIGTERM: {} jobs that were not begun are due again", JOBS - 1),
            "ms",
            measured.returned,
        )
        .target(Target::AtMost(RETURNED_MS_MOST)),
    ])
}

/// Kills the worker right after its claim, when the lease still has its whole length. Returns how long the jobs took to be
/// due again, and to become orders by another worker that began at once.
async fn crash(
    pipeline: &mut Pipeline,
    url: &str,
    observer: &Client,
) -> anyhow::Result<(Duration, Duration)> {
    let mut blocker = connect(url).await?;
    let held_up = blocker.transaction().await?;
    held_up.execute("LOCK TABLE orders IN EXCLUSIVE MODE", &[]).await?;
    seed::pay(observer, JOBS).await?;
    until(observer, PROCESSING, JOBS).await.context("the worker claims nothing")?;
    let killed = Instant::now();
    pipeline.kill(WORKER).await?;
    held_up.rollback().await?;
    pipeline.restart(WORKER).await?;
    until(observer, RESCUED, JOBS).await.context("the jobs are not rescued")?;
    let rescued = killed.elapsed();
    until(observer, UNFINISHED, 0).await.context("the rescued jobs are not done")?;
    let ordered = killed.elapsed();
    seed::ensure_all_ordered(observer).await?;
    observer.batch_execute("DELETE FROM job_queue").await?;
    Ok((rescued, ordered))
}

/// Asks the worker to stop while one order of a batch that was refused runs alone, and returns how long the others took
/// to be due again.
async fn stop(pipeline: &mut Pipeline, url: &str, observer: &Client) -> anyhow::Result<Duration> {
    observer.batch_execute(HOLD_UP).await?;
    let mut blocker = connect(url).await?;
    let held_up = blocker.transaction().await?;
    held_up.execute("SELECT pg_advisory_xact_lock(1)", &[]).await?;
    seed::pay(observer, JOBS).await?;
    until(observer, HELD_UP, 1).await.context("no order runs alone")?;
    let asked = Instant::now();
    pipeline.signal(WORKER, Signal::Terminate).await?;
    until(observer, RETURNED, JOBS - 1).await.context("the jobs are not given back")?;
    let returned = asked.elapsed();
    held_up.rollback().await?;
    while pipeline.is_running(WORKER)? {
        ensure!(asked.elapsed() < PATIENCE, "the worker does not stop");
        sleep(LOOK_INTERVAL).await;
    }
    observer.batch_execute(LET_GO).await?;
    pipeline.restart(WORKER).await?;
    until(observer, UNFINISHED, 0).await.context("the next worker does not go on")?;
    seed::ensure_all_ordered(observer).await?;
    observer.batch_execute("DELETE FROM job_queue").await?;
    Ok(returned)
}

async fn until(observer: &Client, count: &str, wanted: usize) -> anyhow::Result<()> {
    let wanted = i64::try_from(wanted)?;
    let began = Instant::now();
    loop {
        let found: i64 = observer.query_one(count, &[]).await?.get(0);
        if found == wanted {
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "{found} instead of {wanted} after {PATIENCE:?}");
        sleep(LOOK_INTERVAL).await;
    }
}
