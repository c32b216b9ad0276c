//! The sweeps. Each is bounded, safe beside itself in another process, and does not know the others.

mod expire;
mod forget;
pub(crate) mod invariants;
mod owe;
mod rescue;
mod retain;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Connection, Error, Pool,
    notifications::{ANY, Channel, notify},
    queue::Retention,
    readiness::SchemaCheck,
};
use service_kit::settings::Settings;
use tokio_util::sync::CancellationToken;

use crate::{metrics::Metrics, swept::Swept};

/// Full pages one sweep takes in a row; what is left waits for its next turn.
pub(crate) const PAGES_MAX: u32 = 100;

/// Intervals between two checks of the invariants.
const CHECK_INTERVALS_APART: u32 = 10;
/// Pages of changes in one turn of the check: 6,000 events, movements and the like. More than a busy shop writes in ten
/// seconds; a burst is caught up with in the turns after it.
const CHECK_PAGES: u32 = 20;
/// After each page of the check nothing is checked for so many times as long as it took, so that it has a fifth of one
/// processor at most and shoppers have the others: what it finds are faults of ours, and a burst is when to stay away.
const CHECK_RESTS: u32 = 4;

/// What sweeps work with.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) pool: Pool,
    /// Nothing is swept in a schema that is not this binary's.
    pub(crate) schema: Arc<SchemaCheck>,
    pub(crate) metrics: Metrics,
    pub(crate) retention: Duration,
    pub(crate) job_attempts_max: i32,
    /// Between two checks of the invariants.
    pub(crate) check_interval: Duration,
    pub(crate) stopping: CancellationToken,
}

impl Context {
    pub(crate) fn new(settings: &Settings, pool: Pool, stopping: CancellationToken) -> anyhow::Result<Self> {
        let reaper = settings.reaper()?;
        let retention_days = u64::from(reaper.retention_days);
        Ok(Self {
            pool,
            schema: Arc::default(),
            metrics: Metrics::new(),
            retention: Duration::from_secs(retention_days * 24 * 3600),
            job_attempts_max: i32::from(settings.job()?.max_attempts),
            check_interval: reaper.interval.saturating_mul(CHECK_INTERVALS_APART),
            stopping,
        })
    }
}

/// One kind of sweep, with what it remembers between its turns.
#[derive(Debug)]
pub(crate) enum Sweep {
    /// Jobs whose lease ran out.
    Rescue,
    /// Unpaid intents whose time has passed.
    Expire,
    /// Jobs that should be there and are not.
    Owe,
    /// Finished jobs.
    Retain(Retention),
    /// Idempotency keys nobody will repeat.
    Forget,
    /// Promises that a row may break. Last, so that a single run looks at what the others left.
    Invariants(invariants::Check),
}

impl Sweep {
    pub(crate) fn all() -> [Self; 6] {
        [
            Self::Rescue,
            Self::Expire,
            Self::Owe,
            Self::Retain(Retention::default()),
            Self::Forget,
            Self::Invariants(invariants::Check::default()),
        ]
    }

    /// The word in logs and figures.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Rescue => "rescue",
            Self::Expire => "expire",
            Self::Owe => "owe",
            Self::Retain(_) => "retain",
            Self::Forget => "forget",
            Self::Invariants(_) => "invariants",
        }
    }

    /// How many times `REAPER__INTERVAL_SECONDS` passes between two turns: somebody waits for a rescue and for
    /// stock, nobody for the end of a row that is 30 days old.
    pub(crate) const fn intervals_apart(&self) -> u32 {
        match self {
            Self::Rescue | Self::Expire => 1,
            Self::Owe => 10,
            Self::Retain(_) => 60,
            Self::Forget => 600,
            Self::Invariants(_) => CHECK_INTERVALS_APART,
        }
    }

    /// Pages in one turn of a reaper that runs on. Retention reads the whole table, finished or not, so it takes a
    /// page at a time: 10,000 rows a minute by default, far above what a shop enqueues.
    pub(crate) const fn pages_a_turn(&self) -> u32 {
        match self {
            Self::Retain(_) => 1,
            Self::Rescue | Self::Expire | Self::Owe | Self::Forget => PAGES_MAX,
            Self::Invariants(_) => CHECK_PAGES,
        }
    }

    /// Rests after a page, each as long as the page took.
    const fn rests(&self) -> u32 {
        match self {
            Self::Invariants(_) => CHECK_RESTS,
            Self::Rescue | Self::Expire | Self::Owe | Self::Retain(_) | Self::Forget => 0,
        }
    }

    /// One turn: pages until one is not full, the service stops, or `pages_max` are done. What was done before an
    /// error is in `swept`.
    pub(crate) async fn turn(
        &mut self,
        context: &Context,
        pages_max: u32,
        swept: &mut Swept,
    ) -> Result<(), Error> {
        let mut connection = context.pool.connection().await?;
        context.schema.ensure_fits(&mut connection).await?;
        for _ in 0..pages_max {
            let began = Instant::now();
            let may_be_more = match self {
                Self::Rescue => rescue::page(&mut connection, context, swept).await?,
                Self::Expire => expire::page(&mut connection, context, swept).await?,
                Self::Owe => owe::page(&mut connection, context, swept).await?,
                Self::Retain(retention) => retain::page(&mut connection, context, retention, swept).await?,
                Self::Forget => forget::page(&mut connection, context, swept).await?,
                Self::Invariants(check) => check.page(&mut connection, context, swept).await?,
            };
            if !may_be_more {
                break;
            }
            let rest = tokio::time::sleep(began.elapsed() * self.rests());
            if context.stopping.run_until_cancelled(rest).await.is_none() {
                break;
            }
        }
        context.metrics.succeeded(self.name());
        Ok(())
    }
}

/// Wakes whoever waits, and names nothing: sweeps change many at once. A wake-up that is lost costs one poll.
async fn wake(connection: &mut Connection, channel: Channel) {
    if let Err(error) = notify(connection, channel, ANY).await {
        tracing::debug!(%error, ?channel, "wake-up was not sent");
    }
}
