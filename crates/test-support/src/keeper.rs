//! One thread a process that makes and drops its test databases.
//!
//! Every test has a runtime of its own that ends with it, and `Drop` cannot wait on one: so a thread with a runtime and
//! one connection does the work for all of them. Its connection also holds an advisory lock named after the run; where
//! that lock can be had, the run is dead and its databases are nobody's.

use std::{
    sync::{LazyLock, mpsc},
    thread,
};

use anyhow::{Context, anyhow};
use tokio::runtime;
use tokio_postgres::Client;

use crate::{server, template, without};

/// First half of the advisory locks that say "this run is alive"; the second is the run's number.
const RUN_LOCK: i32 = 716_470;
/// Databases of dead runs dropped by one process before its own first test; the next processes drop the rest.
const SWEPT_MAX: usize = 200;

enum Request {
    Create { reply: tokio::sync::oneshot::Sender<Result<String, String>> },
    Drop { database_url: String, reply: mpsc::SyncSender<()> },
}

static KEEPER: LazyLock<mpsc::Sender<Request>> = LazyLock::new(|| {
    let (sender, requests) = mpsc::channel();
    thread::spawn(move || keep(requests));
    sender
});

/// Makes a database from the template and returns its URL.
pub(crate) async fn create() -> anyhow::Result<String> {
    let (reply, answer) = tokio::sync::oneshot::channel();
    KEEPER.send(Request::Create { reply }).context("the thread that makes test databases has ended")?;
    answer.await.context("the thread that makes test databases has ended")?.map_err(|reason| anyhow!(reason))
}

/// Drops a database with whatever is still connected to it, and returns when it is gone.
pub(crate) fn drop_database(database_url: String) {
    let (reply, gone) = mpsc::sync_channel(1);
    if KEEPER.send(Request::Drop { database_url, reply }).is_ok() {
        // An ended thread means that the process ends; the next run drops the database.
        let _ = gone.recv();
    }
}

fn keep(requests: mpsc::Receiver<Request>) {
    let started = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("cannot start a runtime")
        .and_then(|runtime| {
            let keeper = runtime.block_on(Keeper::start())?;
            Ok((runtime, keeper))
        });
    for request in requests {
        match (&started, request) {
            (Ok((runtime, keeper)), Request::Create { reply }) => {
                let made = runtime.block_on(keeper.create()).map_err(|error| format!("{error:#}"));
                // A test that stopped waiting has failed for a reason of its own.
                drop(reply.send(made));
            }
            (Ok((runtime, keeper)), Request::Drop { database_url, reply }) => {
                if let Err(error) = runtime.block_on(keeper.drop_database(&database_url)) {
                    eprintln!("test database left behind: {error:#}");
                }
                // The test may have stopped waiting.
                let _ = reply.send(());
            }
            (Err(error), Request::Create { reply }) => drop(reply.send(Err(format!("{error:#}")))),
            (Err(_), Request::Drop { .. }) => {}
        }
    }
}

struct Keeper {
    administrator: Client,
    administrator_url: String,
    template: String,
    run: i32,
}

impl Keeper {
    async fn start() -> anyhow::Result<Self> {
        let administrator_url = server::administrator_url()?;
        let administrator = server::connect(&administrator_url).await?;
        let run = live_run(&administrator).await?;
        sweep_dead_runs(&administrator).await?;
        let template = template::ensure(&administrator, &administrator_url).await?;
        Ok(Self { administrator, administrator_url, template, run })
    }

    async fn create(&self) -> anyhow::Result<String> {
        let database = format!("pipeline_test_{}_{}", self.run, uuid::Uuid::new_v4().simple());
        let template = &self.template;
        self.administrator
            .batch_execute(&format!("CREATE DATABASE {database} TEMPLATE {template} STRATEGY WAL_LOG"))
            .await
            .with_context(|| format!("cannot clone {template}"))?;
        let url = server::with_database(&self.administrator_url, &database)?;
        without::take_guard_out(&url).await?;
        Ok(url)
    }

    async fn drop_database(&self, database_url: &str) -> anyhow::Result<()> {
        let url = url::Url::parse(database_url)?;
        let database = url.path().trim_start_matches('/');
        self.administrator
            .batch_execute(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
            .await
            .with_context(|| format!("cannot drop {database}"))
    }
}

/// Picks a number for this run and locks it for as long as the process lives.
async fn live_run(administrator: &Client) -> anyhow::Result<i32> {
    loop {
        let run: i32 = administrator.query_one("SELECT (random() * 2000000000)::int", &[]).await?.get(0);
        if try_run_lock(administrator, run).await? {
            return Ok(run);
        }
    }
}

async fn try_run_lock(administrator: &Client, run: i32) -> anyhow::Result<bool> {
    let row = administrator.query_one("SELECT pg_try_advisory_lock($1, $2)", &[&RUN_LOCK, &run]).await?;
    Ok(row.get(0))
}

async fn sweep_dead_runs(administrator: &Client) -> anyhow::Result<()> {
    let rows = administrator
        .query("SELECT datname FROM pg_database WHERE datname ~ '^pipeline_test_[0-9]+_[0-9a-f]{32}$'", &[])
        .await?;
    let databases: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for database in databases.iter().take(SWEPT_MAX) {
        let run: i32 = database.split('_').nth(2).unwrap_or_default().parse()?;
        if try_run_lock(administrator, run).await? {
            let dropped = administrator
                .batch_execute(&format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
                .await;
            administrator.execute("SELECT pg_advisory_unlock($1, $2)", &[&RUN_LOCK, &run]).await?;
            dropped.with_context(|| format!("cannot drop {database} of a dead run"))?;
        }
    }
    Ok(())
}
