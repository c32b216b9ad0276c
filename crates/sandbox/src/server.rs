use std::{net::SocketAddr, time::Duration};

use actix_web::{App, HttpServer, dev::ServerHandle, web};
use anyhow::Context as _;
use tokio::task::JoinHandle;

use crate::{control, identity::Keys, routes::routes, settings::SandboxSettings, state::State};

/// The largest body anyone may send.
const BODY_BYTES_MAX: usize = 256 * 1024;
const WORKERS: usize = 2;
/// How long the head of a request may take: on a starved machine the default of five seconds makes the outside world
/// answer 408 for a fault that is nobody's.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// A running outside world. Dropping it leaves it running until the runtime ends; `stop` ends it.
pub struct Sandbox {
    url: String,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
}

impl Sandbox {
    /// Binds and serves. Returns once connections are accepted; fails if the address is taken.
    pub async fn start(settings: SandboxSettings) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(settings.addr)
            .await
            .with_context(|| format!("cannot listen on {} (SANDBOX__ADDR)", settings.addr))?
            .into_std()?;
        let url = public_url(&settings, listener.local_addr()?);
        let state = web::Data::new(State::new(settings, url.clone(), Keys::generate()?));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
                .app_data(web::FormConfig::default().limit(BODY_BYTES_MAX))
                .app_data(
                    web::JsonConfig::default().limit(BODY_BYTES_MAX).error_handler(control::refuse_body),
                )
                .configure(routes)
        })
        .workers(WORKERS)
        .disable_signals()
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .listen(listener)?
        .run();
        let handle = server.handle();
        Ok(Self { url, handle, server: tokio::spawn(server) })
    }

    /// How browsers and services reach the sandbox, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// One line that names every URL a service's settings need.
    pub fn announcement(&self) -> String {
        let url = &self.url;
        format!(
            "sandbox ready url={url} esewa_form={url}/esewa/api/epay/main/v2/form \
             esewa_status={url}/esewa/api/epay/transaction/status/ khalti_base={url}/khalti/api/v2/ \
             khalti_refund={url}/khalti/api/merchant-transaction/ issuer={url}/identity \
             jwks={url}/identity/.well-known/jwks.json control={url}/control/modes"
        )
    }

    /// Stops at once: connections are cut, the ledger is gone.
    pub async fn stop(self) {
        self.handle.stop(false).await;
        match self.server.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the sandbox's server failed"),
            Err(error) => tracing::error!(%error, "the sandbox's server panicked"),
        }
    }
}

fn public_url(settings: &SandboxSettings, bound: SocketAddr) -> String {
    match &settings.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{bound}"),
    }
}
