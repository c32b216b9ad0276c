//! 50,000 verified payments wait; one, two and four order-worker processes make the orders.

use std::time::{Duration, Instant};

use anyhow::ensure;
use pipeline_tests::{Pipeline, PipelineOptions, Program, Signal};
use tokio::time::sleep;
use tokio_postgres::Client;

use crate::{
    cluster::Cluster,
    connections::connect,
    finalize::seed,
    invariants::ensure_none_violated,
    processors::{Processors, Users},
    report::{Row, Target},
    rounds::Samples,
    say,
};

const PAYMENTS: usize = 50_000;
/// Of one seeding transaction.
const PAYMENTS_A_TIME: usize = 10_000;
const WORKERS: [usize; 3] = [1, 2, 4];
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
const DRAIN_MAX: Duration = Duration::from_secs(400);

const TWO_TO_ONE_LEAST: f64 = 1.5;
/// Above this nothing is left for a second worker to use.
const BUSY_PERCENT: f64 = 90.0;

#[derive(Default)]
struct Level {
    orders_per_second: Samples,
    /// Of all processors together.
    postgres_percent: Samples,
    busy_percent: Samples,
}

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let mut levels = WORKERS.map(|workers| (workers, Level::default()));
    for round in 1..=cluster.rounds {
        for (workers, level) in &mut levels {
            say(&format!("  round {round} of {}: {workers} workers", cluster.rounds));
            level.lap(cluster, *workers).await?;
        }
    }
    let [(_, one), (_, two), (_, four)] = &levels;
    let alone = Row::new("backlog, 1 worker", "orders/s", one.orders_per_second.clone());
    let both = Row::new("backlog, 2 workers", "orders/s", two.orders_per_second.clone())
        .beside("1 worker", &one.orders_per_second);
    let has_room = two.busy_percent.spread()?.median < BUSY_PERCENT;
    let both = if has_room { both.target(Target::RatioAtLeast(TWO_TO_ONE_LEAST)) } else { both };
    let all = Row::new("backlog, 4 workers", "orders/s", four.orders_per_second.clone())
        .beside("2 workers", &two.orders_per_second);
    let mut rows = vec![alone, both, all];
    for (workers, level) in levels {
        rows.push(
            Row::new(
                format!("backlog, {workers} workers: Postgres' share of the cores"),
                "%",
                level.postgres_percent,
            )
            .beside("of everything", &level.busy_percent),
        );
    }
    Ok(rows)
}

impl Level {
    async fn lap(&mut self, cluster: &Cluster, workers: usize) -> anyhow::Result<()> {
        let url = cluster.fresh_database("backlog").await?;
        let observer = connect(&url).await?;
        seed::prepare(&observer).await?;
        let pipeline = Pipeline::start(PipelineOptions::new(&url).workers(workers)).await?;
        // Frozen while the payments come in: the backlog is whole when the clock starts, and so are its statistics.
        signal_all(&pipeline, workers, Signal::Stop).await?;
        for _ in 0..PAYMENTS / PAYMENTS_A_TIME {
            seed::pay(&observer, PAYMENTS_A_TIME).await?;
        }
        seed::settle_down(&observer).await?;

        let users = Users::of(&observer, &pipeline, []).await?;
        let (used, processors) = (users.look()?, Processors::look()?);
        let began = Instant::now();
        signal_all(&pipeline, workers, Signal::Continue).await?;
        until_nothing_is_owed(&observer).await?;
        let took = began.elapsed();
        let (used, now) = (users.look()?.since(&used), Processors::look()?);

        // What its connections counted is reported when they end.
        pipeline.stop().await?;
        seed::ensure_all_ordered(&observer).await?;
        ensure_no_deadlock_surfaced(&observer).await?;
        ensure_none_violated(&observer).await?;
        self.orders_per_second.push(f64::from(u32::try_from(PAYMENTS)?) / took.as_secs_f64());
        self.postgres_percent.push(now.percent_since(processors, used.by_postgres()?));
        self.busy_percent.push(now.busy_percent_since(processors));
        Ok(())
    }
}

async fn signal_all(pipeline: &Pipeline, workers: usize, signal: Signal) -> anyhow::Result<()> {
    for worker in 0..workers {
        pipeline.signal(Program::OrderWorker(worker), signal).await?;
    }
    Ok(())
}

async fn until_nothing_is_owed(observer: &Client) -> anyhow::Result<()> {
    let read = "SELECT EXISTS (SELECT FROM job_queue WHERE status = 'pending')
                    OR EXISTS (SELECT FROM job_queue WHERE status = 'processing')";
    let deadline = Instant::now() + DRAIN_MAX;
    while observer.query_one(read, &[]).await?.get(0) {
        ensure!(Instant::now() < deadline, "payments still wait after {DRAIN_MAX:?}");
        sleep(LOOK_INTERVAL).await;
    }
    Ok(())
}

async fn ensure_no_deadlock_surfaced(observer: &Client) -> anyhow::Result<()> {
    let read = "SELECT (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()),
        (SELECT count(*) FROM job_queue WHERE status = 'failed'), (SELECT count(*) FROM review_cases),
        (SELECT count(*) FROM job_queue WHERE attempts > 1)";
    let row = observer.query_one(read, &[]).await?;
    let [deadlocks, failed, cases, tried_again] = [0, 1, 2, 3].map(|column| row.get::<_, i64>(column));
    ensure!(
        deadlocks == 0 && failed == 0 && cases == 0 && tried_again == 0,
        "{deadlocks} deadlocks, {failed} failed jobs, {tried_again} jobs tried again, {cases} review cases"
    );
    Ok(())
}
