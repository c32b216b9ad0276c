//! Connections: TLS, the service's role, its time-outs.

use std::time::Duration;

use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{self, Object},
    },
};
use futures_util::FutureExt;

use crate::{Connection, Error, tls::TlsMode};

/// How long a caller waits for a free connection before it is told that the database is unavailable.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(3);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A statement that runs longer is cancelled by the server.
const STATEMENT_TIMEOUT_MS: u32 = 10_000;
/// A lock that is not had by then is given up; the transaction is run again.
const LOCK_TIMEOUT_MS: u32 = 3_000;
/// A transaction that sends nothing for so long is ended by the server.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: u32 = 15_000;

/// Where a service's connections go and who they are.
#[derive(Clone)]
pub struct PoolSettings {
    /// `postgres://…`, libpq's `sslmode` and `sslrootcert` included.
    pub url: String,
    /// The role taken at connect; `None` stays with the login (migrations, tests).
    pub role: Option<&'static str>,
    /// Shown in `pg_stat_activity`.
    pub application_name: &'static str,
    /// Connections at most.
    pub size_max: usize,
}

impl std::fmt::Debug for PoolSettings {
    /// Without the URL, which may carry a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoolSettings")
            .field("role", &self.role)
            .field("application_name", &self.application_name)
            .field("size_max", &self.size_max)
            .finish_non_exhaustive()
    }
}

/// A connection that goes back to its pool when dropped.
pub type PooledConnection = Object<AsyncPgConnection>;

/// Connections to one database under one role.
#[derive(Clone)]
pub struct Pool {
    inner: deadpool::Pool<AsyncPgConnection>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("status", &self.inner.status()).finish()
    }
}

impl Pool {
    /// Makes the pool without connecting: a service starts while its database is down.
    ///
    /// Fails when the URL cannot be read.
    pub fn new(settings: &PoolSettings) -> Result<Self, Error> {
        let (tls, url) = TlsMode::split_from(&settings.url)?;
        driver_settings(&url)?;
        tls.connector()?;
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let setup = settings.clone();
        config.custom_setup = Box::new(move |_| {
            let settings = setup.clone();
            async move {
                connect(&settings)
                    .await
                    .map_err(|error| diesel::ConnectionError::BadConnection(error.to_string()))
            }
            .boxed()
        });
        let connections =
            AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(&settings.url, config);
        let inner = deadpool::Pool::builder(connections)
            .max_size(settings.size_max)
            .wait_timeout(Some(WAIT_FOR_CONNECTION))
            .runtime(::deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Defect(error.to_string()))?;
        Ok(Self { inner })
    }

    /// A connection of this pool; waits at most three seconds for one.
    pub async fn connection(&self) -> Result<PooledConnection, Error> {
        self.inner.get().await.map_err(|error| Error::Unavailable(error.to_string()))
    }

    /// Connections in use, open, and allowed; and callers waiting.
    pub fn load(&self) -> PoolLoad {
        let status = self.inner.status();
        PoolLoad {
            in_use: status.size.saturating_sub(status.available),
            open: status.size,
            size_max: status.max_size,
            waiting: status.waiting,
        }
    }
}

/// How busy a pool is.
#[derive(Debug, Clone, Copy)]
pub struct PoolLoad {
    pub in_use: usize,
    pub open: usize,
    pub size_max: usize,
    pub waiting: usize,
}

/// Opens one connection outside any pool, set up like the pool's: for LISTEN, for migrations.
pub async fn connect(settings: &PoolSettings) -> Result<Connection, Error> {
    let (tls, url) = TlsMode::split_from(&settings.url)?;
    let mut config = driver_settings(&url)?;
    config.application_name(settings.application_name).connect_timeout(CONNECT_TIMEOUT);
    let (client, connection) = config
        .connect(tls.connector()?)
        .await
        .map_err(|error| Error::Unavailable(format!("cannot connect: {}", with_source(&error))))?;
    let mut connection = AsyncPgConnection::try_from_client_and_connection(client, connection)
        .await
        .map_err(|error| Error::Unavailable(error.to_string()))?;
    connection.batch_execute(&setup_sql(settings.role)).await?;
    Ok(connection)
}

fn driver_settings(url: &str) -> Result<tokio_postgres::Config, Error> {
    url.parse().map_err(|error| Error::Unavailable(format!("DATABASE_URL: {error}")))
}

fn setup_sql(role: Option<&str>) -> String {
    let set_role = role.map(|role| format!("SET ROLE \"{role}\";")).unwrap_or_default();
    format!(
        "SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET lock_timeout = {LOCK_TIMEOUT_MS}; \
         SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_TIMEOUT_MS}; \
         SET timezone = 'UTC'; {set_role}"
    )
}

/// The driver's own text often says only "db error"; its source says which.
fn with_source(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
