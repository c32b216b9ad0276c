//! How `DATABASE__POOL_MAX` is shared out: so that handlers never keep a heartbeat waiting.

use anyhow::ensure;
use domain::{Pool, PoolSettings};
use secrecy::ExposeSecret;
use service_kit::settings::DatabaseSettings;

/// The database role of this service.
const ROLE: &str = "order_worker";
/// Claims of both lanes, heartbeats, wake-ups, figures and readiness: each takes milliseconds.
const CONTROL_CONNECTIONS: usize = 3;
/// The connection that LISTENs.
const LISTENING_CONNECTIONS: usize = 1;
/// One batch of orders and one answer being recorded.
const WORK_CONNECTIONS_MIN: usize = 2;

/// The connections of one worker.
#[derive(Debug)]
pub(crate) struct Pools {
    pub(crate) control: Pool,
    pub(crate) work: Pool,
    pub(crate) listening: PoolSettings,
}

impl Pools {
    /// Splits `DATABASE__POOL_MAX`: 3 to control, 1 to listen, the rest to handlers. A question holds a connection
    /// before and after it asks, never while it does, so handlers need fewer than `WORKER__CONCURRENCY`.
    pub(crate) fn new(database: &DatabaseSettings) -> anyhow::Result<Self> {
        let least = CONTROL_CONNECTIONS + LISTENING_CONNECTIONS + WORK_CONNECTIONS_MIN;
        let pool_max = usize::try_from(database.pool_max)?;
        ensure!(pool_max >= least, "DATABASE__POOL_MAX: order-worker needs at least {least}");
        let settings = |size_max| PoolSettings {
            url: database.url.expose_secret().to_owned(),
            role: Some(ROLE),
            application_name: "order-worker",
            size_max,
        };
        Ok(Self {
            control: Pool::planning_once(&settings(CONTROL_CONNECTIONS))?,
            work: Pool::planning_once(&settings(pool_max - CONTROL_CONNECTIONS - LISTENING_CONNECTIONS))?,
            listening: PoolSettings {
                url: database.direct_url.expose_secret().to_owned(),
                ..settings(LISTENING_CONNECTIONS)
            },
        })
    }
}
