#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use anyhow::{Context, ensure};
use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::Value;

/// What a service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON; `null` where it is something else.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The stable code of a refusal.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The answer, where it has the wanted status.
    ///
    /// # Errors
    /// Where it has another; the message carries the body.
    pub fn expect(self, wanted: StatusCode) -> anyhow::Result<Self> {
        ensure!(self.status == wanted, "answered {} instead of {wanted}: {}", self.status, self.text);
        Ok(self)
    }
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> anyhow::Result<Answer> {
    let answer = request.send().await.context("no answer")?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await.context("the answer broke off")?;
    Ok(Answer { status, headers, text })
}
