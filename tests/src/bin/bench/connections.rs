use anyhow::Context;
use domain::queue::{Waker, WorkerId};
use schema::{Connection, Pool, PoolSettings, pool};
use tokio_postgres::{Client, NoTls};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How the benchmark's connections name themselves.
const APPLICATION_NAME: &str = "bench";

/// A plain connection for setting up and looking; it ends with its client.
pub(crate) async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("cannot connect to the benchmark's database")?;
    tokio::spawn(async move {
        // The client's own calls report a connection that broke.
        drop(connection.await);
    });
    Ok(client)
}

/// The same server and user, another database.
pub(crate) fn with_database(url: &str, database: &str) -> anyhow::Result<String> {
    let mut url = url::Url::parse(url).context("DATABASE_URL cannot be read")?;
    url.set_path(database);
    Ok(url.into())
}

/// How a worker connects: its role, its time-outs.
pub(crate) fn worker_settings(url: &str) -> PoolSettings {
    PoolSettings {
        url: url.to_owned(),
        role: Some("order_worker"),
        application_name: APPLICATION_NAME,
        size_max: 2,
    }
}

/// Connections as a worker has them, opened before anything is measured.
pub(crate) async fn worker_connections(url: &str, count: usize) -> anyhow::Result<Vec<Connection>> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(pool::connect_planning_once(&worker_settings(url)).await?);
    }
    Ok(connections)
}

/// A worker's name for one lap.
pub(crate) fn worker_id() -> WorkerId {
    WorkerId::unique(APPLICATION_NAME)
}

/// Wake-ups as every service sends them, until the guard goes.
pub(crate) fn running_waker(url: &str) -> anyhow::Result<(Waker, DropGuard)> {
    let (waker, stop) = (Waker::default(), CancellationToken::new());
    tokio::spawn(waker.clone().run(Pool::new(&worker_settings(url))?, stop.clone()));
    Ok((waker, stop.drop_guard()))
}
