//! The service as `main` and tests start it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use actix_web::web::Data;
use anyhow::Context;
use domain::{
    Pool, PoolSettings,
    client_status::{FeedSettings, StatusFeed},
    payments::{
        Gateways, QuestionPolicy,
        callback::{Reception, StoringLimit},
    },
    queue::Waker,
    readiness,
};
use gateways::{Addresses, Configured, esewa::Esewa};
use secrecy::ExposeSecret;
use service_kit::{
    health::Health,
    server::{Server, Surface},
    settings::{GatewaySettings, Settings},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    desk::Desk,
    metrics::{self, Metrics},
    routes,
};

const DEFAULT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8081);
/// The database role of this service.
const ROLE: &str = "payment_callback";
/// A shopper who comes back waits for the gateway no longer than this.
const PATIENCE_MAX: Duration = Duration::from_secs(3);
/// Streams open at a time, whatever they follow.
const STREAMS_MAX: usize = 10_000;

/// What every handler works with.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) desk: Desk,
    pub(crate) pool: Pool,
    pub(crate) feed: StatusFeed,
    pub(crate) stream_places: Arc<Semaphore>,
    pub(crate) esewa: Option<Esewa>,
    /// Where returning browsers go instead of our page.
    pub(crate) return_url: Option<Url>,
    /// Where our page leads back to.
    pub(crate) shop_url: Option<Url>,
}

/// payment-callback, bound and ready to serve.
#[derive(Debug)]
pub struct Application {
    server: Server,
    surface: Surface,
    state: Data<State>,
    waker: Waker,
    shutdown: CancellationToken,
}

impl Application {
    /// Builds the service and binds its port; the database and the gateways may be away. Needs a tokio runtime.
    ///
    /// # Errors
    /// A setting that is missing or cannot be used, named; or a port that is taken.
    pub fn build(settings: &Settings, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let database = settings.database()?;
        let pool_settings = PoolSettings {
            url: database.url.expose_secret().to_owned(),
            role: Some(ROLE),
            application_name: "payment-callback",
            size_max: usize::try_from(database.pool_max)?,
        };
        let listening =
            PoolSettings { url: database.direct_url.expose_secret().to_owned(), ..pool_settings.clone() };
        let pool = Pool::planning_once(&pool_settings).context("DATABASE_URL")?;
        let gateway_settings = settings.gateways()?;
        let policy = question_policy(settings, &gateway_settings)?;
        let patience = gateway_settings.timeout.min(PATIENCE_MAX);
        let configured = Configured::new(gateway_settings, Addresses::default())?;
        let waker = Waker::default();
        metrics::show_pool(&pool);
        let reception = Reception {
            pool: pool.clone(),
            gateways: Gateways::new(configured.gateways()),
            policy,
            waker: waker.clone(),
            patience,
            storing_limit: Arc::new(StoringLimit::default()),
        };
        let storefront = settings.storefront()?;
        let server = Server::bind(&settings.http(DEFAULT_ADDR)?)?;
        let state = Data::new(State {
            desk: Desk::new(reception, Metrics::new()),
            feed: StatusFeed::start(pool.clone(), FeedSettings::new(listening), shutdown.clone()),
            stream_places: Arc::new(Semaphore::new(STREAMS_MAX)),
            esewa: configured.esewa().cloned(),
            return_url: storefront.return_url,
            shop_url: storefront.url,
            pool: pool.clone(),
        });
        let shared = state.clone();
        let surface = Surface::new(health(pool)).routes(move |config| {
            config.app_data(shared.clone());
            routes::configure(config);
        });
        Ok(Self { server, surface, state, waker, shutdown })
    }

    /// The port it listens on.
    pub const fn port(&self) -> u16 {
        self.server.addr().port()
    }

    /// Serves until the token given to [`Application::build`] is cancelled; then open requests are finished, and
    /// callbacks whose browsers have gone.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let stop_waking = CancellationToken::new();
        let waking = tokio::spawn(self.waker.run(self.state.pool.clone(), stop_waking.clone()));
        self.server.run(self.surface, self.shutdown).await?;
        self.state.desk.drain().await;
        stop_waking.cancel();
        waking.await.context("sending wake-ups failed")
    }
}

fn question_policy(settings: &Settings, gateways: &GatewaySettings) -> anyhow::Result<QuestionPolicy> {
    let reconcile = settings.reconcile()?;
    Ok(QuestionPolicy {
        first_ages: reconcile.schedule,
        give_up_age: reconcile.give_up,
        // Only eSewa says NOT_FOUND.
        not_found_grace: gateways.esewa.as_ref().map_or(Duration::MAX, |esewa| esewa.not_found_grace),
        job_attempts_max: i32::from(settings.job()?.max_attempts),
    })
}

fn health(pool: Pool) -> Health {
    Health::new().probe("database", move || {
        let pool = pool.clone();
        async move { readiness::database(&pool).await.map_err(|error| error.to_string()) }
    })
}
