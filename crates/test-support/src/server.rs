use std::{path::Path, process::Command};

use anyhow::{Context, ensure};
use tokio_postgres::{Client, NoTls};

/// The checkout that this crate was compiled in.
pub(crate) fn checkout() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The URL of a superuser's connection to the server that holds the test databases.
#[expect(clippy::disallowed_methods, reason = "tests have no settings; this one variable names their server")]
pub(crate) fn administrator_url() -> anyhow::Result<String> {
    if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
        return Ok(url);
    }
    let script = checkout().join("scripts/postgres.sh");
    let output = Command::new(&script)
        .args(["up", "test"])
        .output()
        .with_context(|| format!("cannot run {}", script.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "no Postgres for tests: {said}");
    Ok(String::from_utf8(output.stdout).context("postgres.sh printed no URL")?.trim().to_owned())
}

/// The same server and user, another database.
pub(crate) fn with_database(url: &str, database: &str) -> anyhow::Result<String> {
    let mut url = url::Url::parse(url).context("the test server's URL cannot be read")?;
    url.set_path(database);
    Ok(url.into())
}

/// A plain connection, driven by a task of the current runtime until the client is dropped.
pub(crate) async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("cannot connect to the test server")?;
    tokio::spawn(async move {
        // The client's own calls report a connection that broke.
        drop(connection.await);
    });
    Ok(client)
}
