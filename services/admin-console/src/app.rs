//! The service as `main` and tests start it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::web::Data;
use anyhow::Context;
use domain::{
    Pool, PoolSettings,
    overview::{OverviewSampler, SamplerSettings},
    queue::Waker,
    readiness,
};
use secrecy::ExposeSecret;
use service_kit::{
    health::Health,
    server::{Server, Surface},
    settings::Settings,
};
use tokio_util::sync::CancellationToken;

use crate::{
    door::Door,
    metrics::{self, OverviewMetrics},
    routes,
};

const DEFAULT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8082);
/// The database role of this service.
pub(crate) const ROLE: &str = "admin_console";

/// What every page works with.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) pool: Pool,
    /// Wakes workers and followers after what an action has committed.
    pub(crate) waker: Waker,
    pub(crate) door: Door,
    /// What the overview shows, the same for everybody who looks.
    pub(crate) overview: OverviewSampler,
    /// Attempts of a job that an action enqueues.
    pub(crate) job_attempts_max: i32,
}

/// admin-console, bound and ready to serve.
#[derive(Debug)]
pub struct Application {
    server: Server,
    surface: Surface,
    state: Data<State>,
    shutdown: CancellationToken,
}

impl Application {
    /// Builds the service and binds its port; the database and the token issuer may be away. Needs a tokio runtime.
    ///
    /// # Errors
    /// A setting that is missing or cannot be used, named; or a port that is taken.
    pub fn build(settings: &Settings, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let database = settings.database()?;
        let pool_settings = PoolSettings {
            url: database.url.expose_secret().to_owned(),
            role: Some(ROLE),
            application_name: "admin-console",
            size_max: usize::try_from(database.pool_max)?,
        };
        let pool = Pool::new(&pool_settings).context("DATABASE_URL")?;
        metrics::show_pool(&pool);
        let state = Data::new(State {
            pool: pool.clone(),
            waker: Waker::default(),
            door: Door::new(settings.admin()?, pool.clone())?,
            overview: OverviewSampler::default(),
            job_attempts_max: i32::from(settings.job()?.max_attempts),
        });
        let server = Server::bind(&settings.http(DEFAULT_ADDR)?)?;
        let shared = state.clone();
        let surface = Surface::new(health(pool)).routes(move |config| {
            config.app_data(shared.clone());
            routes::configure(config);
        });
        Ok(Self { server, surface, state, shutdown })
    }

    /// The port it listens on.
    pub const fn port(&self) -> u16 {
        self.server.addr().port()
    }

    /// Serves until the token given to [`Application::build`] is cancelled, and lets open requests finish.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let waker = self.state.waker.clone();
        let waking = tokio::spawn(waker.run(self.state.pool.clone(), self.shutdown.clone()));
        let metrics = OverviewMetrics::new();
        let sampling = self.state.overview.clone().run(
            self.state.pool.clone(),
            SamplerSettings::default(),
            self.shutdown.clone(),
            move |overview| metrics.show(overview),
        );
        let sampling = tokio::spawn(sampling);
        self.server.run(self.surface, self.shutdown).await?;
        sampling.await.context("sampling the overview failed")?;
        waking.await.context("sending wake-ups failed")
    }
}

fn health(pool: Pool) -> Health {
    Health::new().probe("database", move || {
        let pool = pool.clone();
        async move { readiness::database(&pool).await.map_err(|error| error.to_string()) }
    })
}
