//! One HTTP client for all gateways: bounded in time and size, following no redirect, asking no proxy.

use std::{error::Error, time::Duration};

use domain::payments::gateway::{Answer, Asked, Provider};
use reqwest::{RequestBuilder, redirect};
use rustls::crypto::{CryptoProvider, ring};
use serde_json::Value;
use tracing::{Span, field::Empty};
use url::Url;

use crate::evidence::{evidence, phrase};

/// Real answers are below one KiB; more is an error page, or somebody else.
const BODY_BYTES_MAX: usize = 64 * 1024;
const IDLE_CONNECTIONS_PER_HOST_MAX: usize = 8;
/// Shorter than the keep-alive of common load balancers, so that a pooled connection is seldom a dead one.
const IDLE_CONNECTION_LIFETIME: Duration = Duration::from_secs(30);
/// How deep an error's causes are followed for its reason.
const CAUSES_MAX: usize = 8;
const USER_AGENT: &str = concat!("live-order-pipeline/", env!("CARGO_PKG_VERSION"));

/// Speaks HTTP and HTTPS (rustls, the system's certificate authorities) to gateways.
///
/// A clone shares the connection pool. Redirects are answers, not instructions: a question about money goes to
/// the configured address only, and environment variables for proxies are not read.
#[derive(Debug, Clone)]
pub struct HttpClient(reqwest::Client);

/// TLS could not be set up; most often the system has no certificate authorities.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for gateways cannot be built")]
pub struct HttpClientError(#[source] reqwest::Error);

impl HttpClient {
    /// `timeout` bounds a whole call, from connecting to the last byte of the body.
    ///
    /// Installs ring as the process's TLS provider where none is installed.
    pub fn new(timeout: Duration) -> Result<Self, HttpClientError> {
        if CryptoProvider::get_default().is_none() {
            // Losing this race to another thread leaves a provider installed all the same.
            let _installed = ring::default_provider().install_default();
        }
        reqwest::Client::builder()
            .timeout(timeout)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(USER_AGENT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
            .pool_idle_timeout(IDLE_CONNECTION_LIFETIME)
            .build()
            .map(Self)
            .map_err(HttpClientError)
    }

    pub(crate) fn get(&self, url: Url) -> RequestBuilder {
        self.0.get(url)
    }

    pub(crate) fn post(&self, url: Url) -> RequestBuilder {
        self.0.post(url)
    }
}

/// An answer over HTTP, whatever its code.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The gateway does not know our key, or not at this address.
    pub(crate) fn refuses_our_key(&self) -> bool {
        self.status == 401
    }

    pub(crate) fn evidence(&self) -> Value {
        evidence(&self.body)
    }
}

/// No whole answer came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("no answer in time")]
    TimedOut,
    #[error("no connection: {0}")]
    NotConnected(String),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("the answer is longer than {BODY_BYTES_MAX} bytes")]
    TooLong,
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::TimedOut
        } else if error.is_connect() {
            Self::NotConnected(root_cause(&error))
        } else {
            Self::Broken(root_cause(&error))
        }
    }
}

/// The outer layers only say that something failed, and name the URL.
fn root_cause(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes
        .take(CAUSES_MAX)
        .last()
        .map_or_else(|| "no cause given".to_owned(), |cause| phrase(&cause.to_string()))
}

/// Sends one request and reads the whole answer, up to [`BODY_BYTES_MAX`].
pub(crate) async fn exchange(request: RequestBuilder) -> Result<Reply, CallError> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    Span::current().record("http.response.status_code", status);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(CallError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, body })
}

/// The span of one call; `outcome` and the HTTP code are recorded when they are known.
pub(crate) fn call_span(provider: Provider, operation: &'static str) -> Span {
    tracing::info_span!(
        "gateway call",
        provider = provider.as_str(),
        operation,
        otel.kind = "client",
        http.response.status_code = Empty,
        outcome = Empty,
    )
}

/// What remains of a question that got no whole answer.
pub(crate) fn unanswered(error: &CallError) -> Asked {
    Asked { answer: Answer::Unknown { reason: error.to_string() }, raw_response: evidence(&[]) }
}
