//! The server under a run: its own one, which it may restart, or somebody's, of which it uses one database.

use std::{fs::File, process::Stdio, time::Duration};

use anyhow::{Context, bail, ensure};
use pipeline_tests::run_to_end;
use tokio::{
    process::Command,
    time::{Instant, sleep, timeout},
};
use tokio_postgres::{Client, NoTls};
use url::Url;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres.sh");
/// The cluster that belongs to chaos.
const CLUSTER: &str = "chaos";
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(120);
/// How long Postgres may take to let us in again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_INTERVAL: Duration = Duration::from_millis(200);
/// Held while a run uses its cluster: an advisory lock would go with the first restart.
const LOCK_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.data/chaos.lock");

#[derive(Debug)]
pub(crate) struct Ground {
    database_url: String,
    /// Present where the server is the run's own.
    own: Option<File>,
}

impl Ground {
    /// Makes an empty, migrated database for the run on the server that `server_url` names. On its own cluster, what
    /// earlier runs left goes first.
    pub(crate) async fn prepare(server_url: &str, seed: u64) -> anyhow::Result<Self> {
        let is_own = script(&["url", CLUSTER]).await.is_ok_and(|url| url.trim() == server_url);
        let own = if is_own { Some(lock()?) } else { None };
        let administrator = connect(server_url).await?;
        if is_own {
            let left = "SELECT datname FROM pg_database WHERE datname ~ '^chaos_[0-9]+$'";
            for row in administrator.query(left, &[]).await? {
                let database: String = row.get(0);
                administrator.batch_execute(&format!("DROP DATABASE {database} WITH (FORCE)")).await?;
            }
        }
        let database = format!("chaos_{seed}");
        let made = administrator.batch_execute(&format!("CREATE DATABASE {database}")).await;
        made.with_context(|| {
            format!("the database {database} cannot be made; drop what an earlier run left")
        })?;
        let mut url = Url::parse(server_url).context("DATABASE_URL cannot be read")?;
        url.set_path(&database);
        let database_url = String::from(url);
        run_to_end("migrate", &["up"], &database_url).await?;
        Ok(Self { database_url, own })
    }

    /// Whether the server may be restarted.
    pub(crate) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    /// A connection of the run's own, past the fault proxies; waits for a server that is just being restarted.
    pub(crate) async fn connect(&self) -> anyhow::Result<Client> {
        let deadline = Instant::now() + CONNECT_TIMEOUT;
        loop {
            match connect(&self.database_url).await {
                Ok(client) => return Ok(client),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_not_yet) => sleep(CONNECT_INTERVAL).await,
            }
        }
    }

    /// Stops Postgres, in order or as a crash does, and starts it again.
    pub(crate) async fn restart(&self, mode: &str) -> anyhow::Result<()> {
        ensure!(self.is_own(), "this server is not the run's own");
        script(&["restart", CLUSTER, mode]).await.map(drop)
    }
}

fn lock() -> anyhow::Result<File> {
    let file = File::create(LOCK_FILE).with_context(|| format!("cannot make {LOCK_FILE}"))?;
    file.try_lock().context("another chaos runs in this checkout")?;
    Ok(file)
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("cannot connect to Postgres")?;
    tokio::spawn(async move {
        // The client's own calls report a connection that broke.
        drop(connection.await);
    });
    Ok(client)
}

async fn script(arguments: &[&str]) -> anyhow::Result<String> {
    let running = Command::new(SCRIPT).args(arguments).stdin(Stdio::null()).output();
    let Ok(ended) = timeout(SCRIPT_TIMEOUT, running).await else {
        bail!("scripts/postgres.sh {} did not end within {SCRIPT_TIMEOUT:?}", arguments.join(" "));
    };
    let output = ended.context("cannot run scripts/postgres.sh")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "scripts/postgres.sh {} failed: {said}", arguments.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
