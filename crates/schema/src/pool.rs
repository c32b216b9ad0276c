//! Connections: TLS, the service's role, its time-outs.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ::deadpool::managed::{Hook, HookError, Metrics, TimeoutType};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod,
        deadpool::{self, Object},
    },
};
use futures_util::FutureExt;

use tokio::runtime::Handle;
use tokio_postgres::{Socket, tls::MakeTlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Connection, Error, silence, tls::TlsMode};

/// How long a caller waits for a free connection before it is told that the database is unavailable.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(3);
/// How long connecting may take, from the look-up of the name, which is made anew each time, to the end of the set-up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one host of several may take to accept: what is left of the five seconds is for the next.
const HOST_TIMEOUT: Duration = Duration::from_secs(2);
/// An idle connection whose server does not answer the kernel's probes is closed after idle + interval × retries.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// Longer than the server lets any statement run: an answer that has not come by then does not come.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// What was sent and is not acknowledged by the other end's kernel by then closes the connection.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(15);
/// A statement that runs longer is cancelled by the server.
const STATEMENT_TIMEOUT_MS: u32 = 10_000;
/// A lock that is not had by then is given up; the transaction is run again.
const LOCK_TIMEOUT_MS: u32 = 3_000;
/// A transaction that sends nothing for so long is ended by the server.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: u32 = 15_000;
/// One plan a statement, over indexes, row by row. Whatever a service on the road of an order asks is bounded by its
/// parameters, and planning it anew would cost as much as running it; but a plan made while a table was small would read
/// or hash all of it until the table is analysed again. Compiling such plans never pays.
pub const PLANNED_ONCE: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];
/// A plan for each call. Sweeps and reports run seldom, and left to itself the server keeps the plan of their first calls: one
/// made over empty tables reads them from end to end for every row.
const PLANNED_EACH_TIME: [(&str, &str); 2] = [("plan_cache_mode", "force_custom_plan"), ("jit", "off")];

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
    failures: Arc<AtomicU64>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("status", &self.inner.status()).finish()
    }
}

impl Pool {
    /// Makes the pool without connecting: a service starts while its database is down. Its connections live on the runtime
    /// that this is called on.
    ///
    /// Fails when the URL cannot be read, and outside any runtime.
    pub fn new(settings: &PoolSettings) -> Result<Self, Error> {
        Self::with_planning(settings, Planning::EachTime)
    }

    /// The same, for whoever runs the same short statements again and again: each connection plans each of them once,
    /// over indexes. Not for reports, whose best plan depends on what they are asked.
    ///
    /// Fails when the URL cannot be read.
    pub fn planning_once(settings: &PoolSettings) -> Result<Self, Error> {
        Self::with_planning(settings, Planning::Once)
    }

    fn with_planning(settings: &PoolSettings, planning: Planning) -> Result<Self, Error> {
        let (tls, url) = TlsMode::split_from(&settings.url)?;
        driver_settings(&url)?;
        tls.connector()?;
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let silence = Silence::default();
        let setup = (settings.clone(), silence.clone());
        // A connection lives on the runtime that opened it. Servers have runtimes of their own for their threads, which
        // end one after the other: what all of them use must not end with the first.
        let runtime = Handle::try_current().map_err(|error| Error::Defect(error.to_string()))?;
        config.custom_setup = Box::new(move |_| {
            let (settings, silence) = setup.clone();
            let connecting =
                runtime.spawn(async move { connect_watched(&settings, planning, silence).await });
            async move {
                let connected = connecting.await.map_err(|error| Error::Defect(error.to_string())).flatten();
                connected.map_err(|error| diesel::ConnectionError::BadConnection(error.reason().to_owned()))
            }
            .boxed()
        });
        let connections =
            AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(&settings.url, config);
        let inner = deadpool::Pool::builder(connections)
            .max_size(settings.size_max)
            .wait_timeout(Some(WAIT_FOR_CONNECTION))
            .pre_recycle(Hook::sync_fn(move |_, connection| silence.let_pass(connection)))
            .runtime(::deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Defect(error.to_string()))?;
        Ok(Self { inner, failures: Arc::default() })
    }

    /// A connection of this pool; waits at most three seconds for one.
    pub async fn connection(&self) -> Result<PooledConnection, Error> {
        self.inner.get().await.map_err(|error| {
            self.failures.fetch_add(1, Ordering::Relaxed);
            Error::Unavailable(match error {
                deadpool::PoolError::Backend(PoolError::ConnectionError(refused)) => refused.to_string(),
                deadpool::PoolError::Timeout(TimeoutType::Wait) => {
                    let seconds = WAIT_FOR_CONNECTION.as_secs();
                    format!("all {} connections were in use for {seconds} s", self.inner.status().max_size)
                }
                other => other.to_string(),
            })
        })
    }

    /// Connections in use, open, and allowed; and callers waiting.
    pub fn load(&self) -> PoolLoad {
        let status = self.inner.status();
        PoolLoad {
            in_use: status.size.saturating_sub(status.available),
            open: status.size,
            size_max: status.max_size,
            waiting: status.waiting,
            failures: self.failures.load(Ordering::Relaxed),
        }
    }
}

/// When an answer was last overdue. Connections that are older lead, in all likelihood, to the same server: each would
/// cost its next user the same wait.
#[derive(Clone, Default)]
struct Silence {
    noticed_at: Arc<Mutex<Option<Instant>>>,
}

impl Silence {
    fn notice(&self) {
        *self.noticed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn let_pass(&self, connection: &Metrics) -> Result<(), HookError<PoolError>> {
        let noticed_at = *self.noticed_at.lock().unwrap_or_else(PoisonError::into_inner);
        match noticed_at.is_some_and(|noticed_at| connection.created < noticed_at) {
            true => Err(HookError::message("the server behind this connection went silent")),
            false => Ok(()),
        }
    }
}

/// When statements are planned.
#[derive(Debug, Clone, Copy)]
enum Planning {
    /// For each call's own parameters and the tables as they are then.
    EachTime,
    Once,
}

/// How busy a pool is.
#[derive(Debug, Clone, Copy)]
pub struct PoolLoad {
    pub in_use: usize,
    pub open: usize,
    pub size_max: usize,
    pub waiting: usize,
    /// Callers that got no connection since the pool was made.
    pub failures: u64,
}

/// Opens one connection outside any pool, set up like the pool's: for LISTEN, for migrations. Waits for answers as long
/// as they take.
pub async fn connect(settings: &PoolSettings) -> Result<Connection, Error> {
    connect_planning(settings, Planning::EachTime).await
}

/// The same, planning each statement once, as [`Pool::planning_once`] does.
pub async fn connect_planning_once(settings: &PoolSettings) -> Result<Connection, Error> {
    connect_planning(settings, Planning::Once).await
}

async fn connect_planning(settings: &PoolSettings, planning: Planning) -> Result<Connection, Error> {
    within_connect_timeout(async {
        let (client, connection) = open(settings).await?;
        let connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        let connection = connection.map_err(|error| Error::Unavailable(error.to_string()))?;
        set_up(connection, settings, planning).await
    })
    .await
}

/// Opens a connection that is given up when an answer is overdue.
async fn connect_watched(
    settings: &PoolSettings,
    planning: Planning,
    silence: Silence,
) -> Result<Connection, Error> {
    within_connect_timeout(async {
        let (client, connection) = open(settings).await?;
        let clock = silence::drive(connection, SILENCE_MAX, move || silence.notice());
        let mut connection = AsyncPgConnection::try_from(client)
            .await
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        connection.set_instrumentation(clock);
        set_up(connection, settings, planning).await
    })
    .await
}

async fn within_connect_timeout(
    connecting: impl Future<Output = Result<Connection, Error>>,
) -> Result<Connection, Error> {
    match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(connected) => connected,
        Err(_elapsed) => {
            let seconds = CONNECT_TIMEOUT.as_secs();
            Err(Error::Unavailable(format!("cannot connect: no answer within {seconds} s")))
        }
    }
}

type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
type Opened = (tokio_postgres::Client, tokio_postgres::Connection<Socket, TlsStream>);

async fn open(settings: &PoolSettings) -> Result<Opened, Error> {
    let (tls, url) = TlsMode::split_from(&settings.url)?;
    let mut config = driver_settings(&url)?;
    config
        .application_name(settings.application_name)
        .connect_timeout(HOST_TIMEOUT)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_RETRIES)
        .tcp_user_timeout(UNACKNOWLEDGED_MAX);
    config
        .connect(tls.connector()?)
        .await
        .map_err(|error| Error::Unavailable(format!("cannot connect: {}", with_source(&error))))
}

async fn set_up(
    mut connection: Connection,
    settings: &PoolSettings,
    planning: Planning,
) -> Result<Connection, Error> {
    connection.batch_execute(&setup_sql(settings.role, planning)).await?;
    Ok(connection)
}

fn driver_settings(url: &str) -> Result<tokio_postgres::Config, Error> {
    url.parse().map_err(|error| Error::Unavailable(format!("DATABASE_URL: {error}")))
}

fn setup_sql(role: Option<&str>, planning: Planning) -> String {
    let planned = match planning {
        Planning::EachTime => PLANNED_EACH_TIME.as_slice(),
        Planning::Once => PLANNED_ONCE.as_slice(),
    };
    let planned: String = planned.iter().map(|(name, value)| format!("SET {name} = {value}; ")).collect();
    let set_role = role.map(|role| format!("SET ROLE \"{role}\";")).unwrap_or_default();
    format!(
        "SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET lock_timeout = {LOCK_TIMEOUT_MS}; \
         SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_TIMEOUT_MS}; \
         SET timezone = 'UTC'; {planned} {set_role}"
    )
}

/// The driver's own text often says only "db error"; its source says which.
fn with_source(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
