use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, redirect::Policy};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// Well below the five seconds after which servers close an idle connection: a request that is sent as it closes is
/// lost, and nobody may repeat a POST on a guess.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// A client that follows no redirect by itself: where a gateway sends the browser is what tests look at.
///
/// # Errors
/// Where TLS cannot be set up.
pub fn client() -> anyhow::Result<Client> {
    // Fails only where another client of this process has installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .timeout(REQUEST_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .no_proxy()
        .build()
        .context("cannot make an HTTP client")
}
