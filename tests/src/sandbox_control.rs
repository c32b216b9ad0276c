#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use std::time::Duration;

use anyhow::Context;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    answer::{Answer, send},
    checkout::Checkout,
};

/// Of a request that may be sent twice.
const TRIES_MAX: u32 = 5;
const TRY_INTERVAL: Duration = Duration::from_millis(200);

/// The sandbox's control API: what gateways and identity provider do, and what their books say.
#[derive(Debug, Clone)]
pub struct SandboxControl {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
}

impl SandboxControl {
    /// Every mode and action that the sandbox has: `{"modes":[…],"actions":[…]}`.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn vocabulary(&self) -> anyhow::Result<Value> {
        self.get("/control/modes").await
    }

    /// Sets how payments and tokens that do not exist yet misbehave.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub async fn set_defaults(&self, modes: &Value) -> anyhow::Result<()> {
        self.put("/control/defaults", modes).await
    }

    /// Sets how one payment misbehaves.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub async fn set_modes(&self, checkout: &Checkout, modes: &Value) -> anyhow::Result<()> {
        self.put(&format!("{}/modes", path_of(checkout)), modes).await
    }

    /// The same for a payment that nobody here has a checkout of, by the words of the ledger.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub async fn set_modes_of(&self, provider: &str, reference: &str, modes: &Value) -> anyhow::Result<()> {
        self.put(&format!("/control/payments/{provider}/{reference}/modes"), modes).await
    }

    /// One payment as the gateway's books have it.
    ///
    /// # Errors
    /// Where the gateway knows of none.
    pub async fn payment(&self, checkout: &Checkout) -> anyhow::Result<Value> {
        self.get(&path_of(checkout)).await
    }

    /// Every payment of both gateways.
    ///
    /// # Errors
    /// Where the sandbox does not answer.
    pub async fn payments(&self) -> anyhow::Result<Vec<Value>> {
        let ledger = self.get("/control/payments").await?;
        ledger["payments"].as_array().cloned().context("the ledger lists no payments")
    }

    /// Does something to a payment and returns the URLs to which the gateway sends the browser now; `None` where that
    /// is not possible as things stand, or the gateway has never heard of the payment.
    ///
    /// # Errors
    /// Where the sandbox refuses for another reason.
    pub async fn act(&self, checkout: &Checkout, action: &str) -> anyhow::Result<Option<Vec<String>>> {
        let request = self.http.post(format!("{}{}/{action}", self.url, path_of(checkout)));
        let answer = send(request).await?;
        if [StatusCode::CONFLICT, StatusCode::NOT_FOUND].contains(&answer.status) {
            return Ok(None);
        }
        let done = answer.expect(StatusCode::OK)?.json();
        let redirects = done["redirects"].as_array().context("the sandbox named no redirects")?;
        redirects
            .iter()
            .map(|redirect| redirect.as_str().map(str::to_owned).context("a redirect is no URL"))
            .collect::<anyhow::Result<_>>()
            .map(Some)
    }

    /// A token as asked for: `sub`, `audience` and what else the sandbox documents.
    ///
    /// # Errors
    /// Where the sandbox issues none.
    pub async fn token(&self, wanted: &Value) -> anyhow::Result<String> {
        let url = format!("{}/identity/token", self.url);
        let issued = send_again(|| self.http.post(&url).json(wanted)).await?.expect(StatusCode::OK)?.json();
        issued["access_token"].as_str().map(str::to_owned).context("no access_token")
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.url);
        let answer = send_again(|| self.http.get(&url)).await?;
        Ok(answer.expect(StatusCode::OK)?.json())
    }

    async fn put(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let url = format!("{}{path}", self.url);
        let answer = send_again(|| self.http.put(&url).json(body)).await?;
        answer.expect(StatusCode::OK).map(drop::<Answer>)
    }
}

/// Sends what may be sent twice until it is answered: on a busy machine a connection is closed, or timed out, as it is
/// used.
async fn send_again(request: impl Fn() -> RequestBuilder) -> anyhow::Result<Answer> {
    for _ in 1..TRIES_MAX {
        match send(request()).await {
            Ok(answer) if answer.status != StatusCode::REQUEST_TIMEOUT => return Ok(answer),
            Ok(_) | Err(_) => {}
        }
        sleep(TRY_INTERVAL).await;
    }
    send(request()).await
}

fn path_of(Checkout { provider, gateway_reference, .. }: &Checkout) -> String {
    format!("/control/payments/{}/{gateway_reference}", provider.word())
}
