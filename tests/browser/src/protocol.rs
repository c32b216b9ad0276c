//! WebDriver's wire: JSON over HTTP, an answer's `value` or its error.

#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Client, Method};
use serde_json::Value;

/// Longer than any page may take on a busy machine.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(120);

/// What WebDriver calls the key of an element's reference.
pub(crate) const ELEMENT_KEY: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Commands below one address.
#[derive(Debug, Clone)]
pub(crate) struct Protocol {
    http: Client,
    base: String,
}

impl Protocol {
    pub(crate) fn new(base: &str) -> anyhow::Result<Self> {
        // The driver closes idle connections when it likes; commands are few, so each gets its own.
        let http = Client::builder().no_proxy().timeout(COMMAND_TIMEOUT).pool_max_idle_per_host(0).build()?;
        Ok(Self { http, base: base.to_owned() })
    }

    #[must_use]
    pub(crate) fn below(&self, path: &str) -> Self {
        Self { http: self.http.clone(), base: format!("{}{path}", self.base) }
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::DELETE, path, None).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.context("the browser's driver does not answer")?;
        let mut answer: Value = answer.json().await.context("the browser's driver answered no JSON")?;
        let value = answer["value"].take();
        if let Some(error) = value["error"].as_str() {
            bail!("{error}: {}", value["message"].as_str().unwrap_or_default());
        }
        Ok(value)
    }
}
