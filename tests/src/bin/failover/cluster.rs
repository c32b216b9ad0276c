//! The two nodes, through scripts/patroni.sh.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, bail, ensure};
use tokio::{process::Command, time::timeout};
use tokio_postgres::{Client, NoTls};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/patroni.sh");
/// Longer than the script itself waits for anything.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(crate) struct Cluster {
    database_url: String,
}

impl Cluster {
    /// # Errors
    /// Where the URL names no second host, and so nowhere to go when the first one dies.
    pub(crate) fn of(database_url: &str) -> anyhow::Result<Self> {
        let settings: tokio_postgres::Config = database_url.parse().context("DATABASE_URL cannot be read")?;
        ensure!(
            settings.get_hosts().len() == 2,
            "DATABASE_URL: names no two hosts; start this by `make failover`"
        );
        Ok(Self { database_url: database_url.to_owned() })
    }

    /// A connection to whichever node takes writes.
    pub(crate) async fn connect(&self) -> anyhow::Result<Client> {
        let (client, connection) =
            tokio_postgres::connect(&self.database_url, NoTls).await.context("no node takes writes")?;
        tokio::spawn(async move {
            // The client's own calls report a connection that broke.
            drop(connection.await);
        });
        Ok(client)
    }

    /// The node that leads, once one does.
    pub(crate) async fn leader(&self) -> anyhow::Result<String> {
        Ok(script(&["leader"]).await?.trim().to_owned())
    }

    /// Returns once what is acknowledged is on two nodes again.
    pub(crate) async fn standby(&self) -> anyhow::Result<()> {
        script(&["standby"]).await.map(drop)
    }

    /// SIGKILL to every process of a node at once.
    pub(crate) async fn kill(&self, node: &str) -> anyhow::Result<()> {
        script(&["kill", node]).await.map(drop)
    }

    pub(crate) async fn start(&self, node: &str) -> anyhow::Result<()> {
        script(&["start", node]).await.map(drop)
    }
}

async fn script(arguments: &[&str]) -> anyhow::Result<String> {
    let running = Command::new(SCRIPT).args(arguments).stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let Ok(ended) = timeout(SCRIPT_TIMEOUT, running).await else {
        bail!("scripts/patroni.sh {} did not end within {SCRIPT_TIMEOUT:?}", arguments.join(" "));
    };
    let output = ended.context("cannot run scripts/patroni.sh")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "scripts/patroni.sh {} failed: {said}", arguments.join(" "));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
