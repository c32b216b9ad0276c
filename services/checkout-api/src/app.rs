//! The service as `main` and tests start it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use actix_web::web;
use anyhow::Context;
use domain::{
    Pool, PoolSettings,
    checkout::{Checkout, IntentClerk, IntentDesk, Terms},
    client_status::{FeedSettings, StatusFeed},
    payments::gateway::Gateway,
    queue::Waker,
    readiness,
};
use gateways::{Addresses, Configured};
use secrecy::ExposeSecret;
use service_kit::{
    auth::TokenVerifier,
    health::Health,
    server::{Server, Surface},
    settings::Settings,
};
use tokio_util::sync::CancellationToken;

use crate::{
    handlers::order_intents,
    metrics::{self, Metrics},
    openapi, routes,
};

const DEFAULT_ADDR: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8080);
/// The database role of this service.
const ROLE: &str = "checkout_api";

/// What every handler works with.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) pool: Pool,
    pub(crate) desk: IntentDesk,
    pub(crate) feed: StatusFeed,
    pub(crate) metrics: Metrics,
}

/// checkout-api, bound and ready to serve.
#[derive(Debug)]
pub struct Application {
    server: Server,
    surface: Surface,
    clerk: IntentClerk,
    waker: Waker,
    pool: Pool,
    shutdown: CancellationToken,
}

impl Application {
    /// Builds the service and binds its port; the database may be away. Needs a tokio runtime.
    ///
    /// # Errors
    /// A setting that is missing or cannot be used, named; or a port that is taken.
    pub fn build(settings: &Settings, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let database = settings.database()?;
        let pool_settings = PoolSettings {
            url: database.url.expose_secret().to_owned(),
            role: Some(ROLE),
            application_name: "checkout-api",
            size_max: usize::try_from(database.pool_max)?,
        };
        let listening =
            PoolSettings { url: database.direct_url.expose_secret().to_owned(), ..pool_settings.clone() };
        let pool = Pool::planning_once(&pool_settings).context("DATABASE_URL")?;
        let verifier = web::Data::new(TokenVerifier::new(&settings.auth()?)?);
        let waker = Waker::default();
        let metrics = Metrics::new();
        metrics::show_pool(&pool);
        let checkout = Checkout {
            pool: pool.clone(),
            waker: waker.clone(),
            gateways: configured(settings)?,
            terms: terms(settings)?,
            write_answer: order_intents::write_answer,
        };
        let (desk, clerk) = IntentDesk::open(checkout);
        let server = Server::bind(&settings.http(DEFAULT_ADDR)?)?;
        let feed = StatusFeed::start(pool.clone(), FeedSettings::new(listening), shutdown.clone());
        let state = web::Data::new(State { pool: pool.clone(), desk, feed, metrics });
        let document = openapi::document();
        let surface = Surface::new(health(pool.clone()))
            .allow_origins(settings.checkout()?.allowed_origins)
            .limit_rate(settings.rate_limit_per_client_per_second()?)
            .routes(move |config| {
                config.app_data(state.clone()).app_data(verifier.clone());
                routes::configure(config, &document);
            });
        Ok(Self { server, surface, clerk, waker, pool, shutdown })
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
        let waking = tokio::spawn(self.waker.run(self.pool, self.shutdown.clone()));
        tokio::select! {
            served = self.server.run(self.surface, self.shutdown) => served?,
            never = self.clerk.serve() => match never {},
        }
        waking.await.context("sending wake-ups failed")
    }
}

fn configured(settings: &Settings) -> anyhow::Result<Vec<Arc<dyn Gateway>>> {
    let addresses = Addresses {
        callback_public_url: Some(settings.callback_public_url()?),
        storefront_url: settings.storefront()?.url,
    };
    let gateways = settings.gateways()?;
    if gateways.khalti.is_some() {
        settings.require_storefront_url()?;
    }
    Ok(Configured::new(gateways, addresses)?.gateways())
}

fn terms(settings: &Settings) -> anyhow::Result<Terms> {
    let schedule = settings.reconcile()?.schedule;
    Ok(Terms {
        intent_ttl: settings.checkout()?.intent_ttl,
        gateway_timeout: settings.gateways()?.timeout,
        first_question_after: *schedule.first().context("RECONCILE__SCHEDULE_SECONDS is empty")?,
        job_attempts_max: i32::from(settings.job()?.max_attempts),
    })
}

fn health(pool: Pool) -> Health {
    Health::new().probe("database", move || {
        let pool = pool.clone();
        async move { readiness::database(&pool).await.map_err(|error| error.to_string()) }
    })
}
