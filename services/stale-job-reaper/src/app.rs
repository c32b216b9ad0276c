//! The service as `main` and tests start it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use domain::{Pool, PoolSettings, readiness};
use secrecy::ExposeSecret;
use service_kit::{
    health::Health,
    server::{Server, Surface},
    settings::Settings,
};
use tokio::{
    task::{JoinSet, LocalSet},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    metrics,
    sweeps::{Context, Sweep},
    swept::Swept,
};

const DEFAULT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8084);
/// The database role of this service.
const ROLE: &str = "stale_job_reaper";
/// Each of the six sweeps holds one, readiness another; a smaller `DATABASE__POOL_MAX` makes them take turns.
const CONNECTIONS_MAX: usize = 7;
/// A rescue that has not ended well for so long, beyond three intervals, is stuck: longer than any statement may run.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// stale-job-reaper, bound and ready to sweep.
#[derive(Debug)]
pub struct Application {
    server: Server,
    surface: Surface,
    context: Context,
    interval: Duration,
    rescued_at: Arc<Mutex<Instant>>,
}

impl Application {
    /// Builds the service and binds its port; the database may be away. Needs a tokio runtime.
    ///
    /// # Errors
    /// A setting that is missing or cannot be used, named; or a port that is taken.
    pub fn build(settings: &Settings, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let pool = pool(settings)?;
        metrics::show_pool(&pool);
        let interval = settings.reaper()?.interval;
        let rescued_at = Arc::new(Mutex::new(Instant::now()));
        let surface = Surface::new(health(pool.clone(), Arc::clone(&rescued_at), interval));
        Ok(Self {
            server: Server::bind(&settings.http(DEFAULT_ADDR)?)?,
            surface,
            context: Context::new(settings, pool, shutdown)?,
            interval,
            rescued_at,
        })
    }

    /// The port of its health server.
    pub const fn port(&self) -> u16 {
        self.server.addr().port()
    }

    /// Sweeps until the token given to [`Application::build`] is cancelled; pages under way are finished.
    ///
    /// # Errors
    /// The listener fails, or a sweep panics.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        // Transactions are driven on one thread: their futures are not made to move between threads.
        LocalSet::new().run_until(self.sweep()).await
    }

    async fn sweep(self) -> anyhow::Result<()> {
        let Self { server, surface, context, interval, rescued_at } = self;
        let mut sweeps = JoinSet::new();
        for sweep in Sweep::all() {
            sweeps.spawn_local(repeat(sweep, context.clone(), interval, Arc::clone(&rescued_at)));
        }
        let serving = tokio::task::spawn_local(server.run(surface, context.stopping.clone()));
        while let Some(ended) = sweeps.join_next().await {
            ended.context("a sweep panicked")?;
        }
        serving.await.context("the health server panicked")??;
        Ok(())
    }
}

/// Gives one sweep its turns. An error is logged once until a turn ends well again.
async fn repeat(
    mut sweep: Sweep,
    context: Context,
    reaper_interval: Duration,
    rescued_at: Arc<Mutex<Instant>>,
) {
    let name = sweep.name();
    let mut ticks = interval(reaper_interval.saturating_mul(sweep.intervals_apart()));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    while context.stopping.run_until_cancelled(ticks.tick()).await.is_some() {
        let mut swept = Swept::default();
        let ended = sweep.turn(&context, sweep.pages_a_turn(), &mut swept).await;
        if !swept.is_nothing() {
            tracing::info!(sweep = name, ?swept, "swept");
        }
        match ended {
            Ok(()) => {
                if is_failing {
                    tracing::info!(sweep = name, "works again");
                }
                is_failing = false;
                if matches!(sweep, Sweep::Rescue) {
                    *rescued_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                }
            }
            Err(error) => {
                context.metrics.failed(name);
                if !is_failing {
                    tracing::warn!(sweep = name, %error, "failed; trying again at its next turn");
                }
                is_failing = true;
            }
        }
    }
}

/// The reaper's connections.
pub(crate) fn pool(settings: &Settings) -> anyhow::Result<Pool> {
    let database = settings.database()?;
    let pool_settings = PoolSettings {
        url: database.url.expose_secret().to_owned(),
        role: Some(ROLE),
        application_name: "stale-job-reaper",
        size_max: usize::try_from(database.pool_max)?.min(CONNECTIONS_MAX),
    };
    Pool::new(&pool_settings).context("DATABASE_URL")
}

fn health(pool: Pool, rescued_at: Arc<Mutex<Instant>>, interval: Duration) -> Health {
    let silence_max = SILENCE_MAX + interval.saturating_mul(3);
    let is_rescuing = move || {
        let silence = rescued_at.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        let is_late = silence > silence_max;
        std::future::ready(if is_late {
            Err(format!("no rescue has ended well for {} s", silence.as_secs()))
        } else {
            Ok(())
        })
    };
    Health::new()
        .probe("database", move || {
            let pool = pool.clone();
            async move { readiness::database(&pool).await.map_err(|problem| problem.to_string()) }
        })
        .probe("rescue", is_rescuing)
}
