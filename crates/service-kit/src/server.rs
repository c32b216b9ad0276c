//! Binding, serving and draining.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::from_fn,
    web,
};
use tokio_util::sync::CancellationToken;
use tracing_actix_web::TracingLogger;

use crate::{
    health::Health,
    http::{self, RateLimit, TracedRequest},
    settings::{HttpSettings, SettingsError, TrustedProxies},
};

/// How long open requests may take after the token is cancelled. Streams watch the token themselves.
const DRAIN_SECONDS_MAX: u64 = 10;
/// Requests wait for Postgres, not for processors; more threads would only cost memory.
const THREADS_MAX: usize = 4;

type Routes = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// What a service shows to the outside.
#[derive(Clone)]
pub struct Surface {
    routes: Routes,
    health: Health,
    allowed_origins: Vec<String>,
    rate_limit: Option<web::Data<RateLimit>>,
    trusted_proxies: web::Data<TrustedProxies>,
}

impl Surface {
    /// `/livez`, `/readyz` and `/metrics`, and nothing else.
    pub fn new(health: Health) -> Self {
        Self {
            routes: Arc::new(|_| {}),
            health,
            allowed_origins: Vec::new(),
            rate_limit: None,
            trusted_proxies: web::Data::new(TrustedProxies::default()),
        }
    }

    /// The service's own routes and application data; called once a thread. Declare every path once, with
    /// `web::resource(path)` holding all its methods, or a wrong method is a 404 instead of a 405.
    #[must_use]
    pub fn routes(mut self, routes: impl Fn(&mut web::ServiceConfig) + Send + Sync + 'static) -> Self {
        self.routes = Arc::new(routes);
        self
    }

    /// Origins whose scripts may call, exactly as browsers send them.
    #[must_use]
    pub fn allow_origins(mut self, origins: Vec<String>) -> Self {
        self.allowed_origins = origins;
        self
    }

    /// Limits each client address; `None` is no limit.
    #[must_use]
    pub fn limit_rate(mut self, per_second: Option<u32>) -> Self {
        self.rate_limit = per_second.map(|limit| web::Data::new(RateLimit::new(limit)));
        self
    }
}

impl fmt::Debug for Surface {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Surface").field("health", &self.health).finish_non_exhaustive()
    }
}

/// The whole application as it is served, for [`Server::run`] and for tests that need no socket.
pub fn app(
    surface: &Surface,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let routes = Arc::clone(&surface.routes);
    let mut app = App::new().app_data(http::path_config()).app_data(surface.trusted_proxies.clone());
    if let Some(limit) = &surface.rate_limit {
        app = app.app_data(limit.clone());
    }
    // The last one wrapped is the first to see a request.
    app.configure(|config| surface.health.configure(config))
        .configure(move |config| routes(config))
        .wrap(from_fn(http::catch_panic))
        .wrap(from_fn(http::limit_rate))
        .wrap(http::cors(&surface.allowed_origins))
        .wrap(from_fn(http::boundary))
        .wrap(TracingLogger::<TracedRequest>::new())
}

/// A bound socket that serves nothing yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    trusted_proxies: TrustedProxies,
}

impl Server {
    /// Binds now, so that a taken port stops the start. Port 0 takes a free one.
    ///
    /// # Errors
    /// Names `HTTP__ADDR` where the address cannot be bound.
    pub fn bind(settings: &HttpSettings) -> Result<Self, SettingsError> {
        let refused = |error: io::Error| {
            SettingsError::invalid("http.addr", format_args!("{}: {error}", settings.addr))
        };
        let listener = TcpListener::bind(settings.addr).map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, addr, trusted_proxies: settings.trusted_proxies.clone() })
    }

    /// Where it listens, with the port that was really taken.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until the token is cancelled, then stops accepting and lets open requests finish within ten seconds.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn run(self, mut surface: Surface, shutdown: CancellationToken) -> io::Result<()> {
        surface.trusted_proxies = web::Data::new(self.trusted_proxies);
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(THREADS_MAX));
        let server = HttpServer::new(move || app(&surface))
            .workers(threads)
            .disable_signals()
            .shutdown_timeout(DRAIN_SECONDS_MAX)
            // The second event of a stream would otherwise wait for the reader's delayed acknowledgement of the first.
            .tcp_nodelay(true)
            .listen(self.listener)?
            .run();
        tracing::info!(addr = %self.addr, "listening");
        let handle = server.handle();
        tokio::spawn(async move {
            shutdown.cancelled().await;
            handle.stop(true).await;
        });
        server.await
    }
}
