//! A benchmark drops databases and floods a server: it touches none but its own.

use std::net::IpAddr;

use anyhow::{Context, bail, ensure};
use tokio_postgres::Client;
use url::Url;

use crate::connections::{connect, with_database};

/// Said by the one table that the benchmark puts into the database it was given.
const MARK: &str = "this cluster belongs to make bench";
/// Held while a benchmark runs.
const BENCH_LOCK: i64 = 7_164_702_933;
/// What makes a commit durable; a figure without it is none.
const DURABILITY: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

const RELATIONS: &str = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')";
const OTHER_DATABASES: &str = "SELECT count(*) FROM pg_database
    WHERE datname NOT IN ('postgres', 'template0', 'template1', current_database())";
const OTHER_CLIENTS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

/// Takes a cluster that carries the benchmark's mark, or marks one that is on this machine, untouched and unused.
/// The connection holds the lock that keeps a second benchmark away.
///
/// # Errors
/// Where the cluster is or may be somebody else's, or is not durable.
pub(crate) async fn claim(database_url: &str) -> anyhow::Result<Client> {
    let url = Url::parse(database_url).context("DATABASE_URL cannot be read")?;
    // Hosts of schemes that browsers do not know are kept as text.
    let host = url.host_str().unwrap_or_default();
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    ensure!(
        is_here,
        "refused: the server of DATABASE_URL is not on this machine, so it is not the benchmark's own"
    );
    let client = connect(database_url).await?;
    if !is_marked(&client).await? {
        refuse_if_touched(&client, database_url).await?;
        client.batch_execute(&format!("CREATE TABLE bench_owner AS SELECT '{MARK}'::text AS mark")).await?;
    }
    for setting in DURABILITY {
        let value: String = client.query_one("SELECT current_setting($1)", &[&setting]).await?.get(0);
        ensure!(value == "on", "refused: {setting} is {value}; only durable commits are measured");
    }
    let is_alone: bool = client.query_one("SELECT pg_try_advisory_lock($1)", &[&BENCH_LOCK]).await?.get(0);
    ensure!(is_alone, "another benchmark runs on this cluster");
    Ok(client)
}

async fn is_marked(client: &Client) -> anyhow::Result<bool> {
    let has_table: bool =
        client.query_one("SELECT to_regclass('public.bench_owner') IS NOT NULL", &[]).await?.get(0);
    if !has_table {
        return Ok(false);
    }
    let marks = client.query("SELECT mark::text FROM bench_owner", &[]).await?;
    Ok(matches!(marks.as_slice(), [mark] if mark.get::<_, &str>(0) == MARK))
}

async fn refuse_if_touched(client: &Client, database_url: &str) -> anyhow::Result<()> {
    let count = async |client: &Client, query: &str| -> anyhow::Result<i64> {
        Ok(client.query_one(query, &[]).await?.get(0))
    };
    let others = count(client, OTHER_DATABASES).await?;
    let clients = count(client, OTHER_CLIENTS).await?;
    let here = count(client, RELATIONS).await?;
    let postgres = connect(&with_database(database_url, "postgres")?).await?;
    let relations = here + count(&postgres, RELATIONS).await?;
    if others + clients + relations == 0 {
        return Ok(());
    }
    bail!(
        "refused: this database is not the benchmark's own: no mark, but {relations} relations, {others} other \
         databases and {clients} other clients. Run `make bench`, which starts a private server"
    )
}
