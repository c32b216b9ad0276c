#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    answer::{Answer, send},
    checkout::{Checkout, Provider},
    sandbox_control::SandboxControl,
    settings::SHOPPER_AUDIENCE,
};

const STATUS_POLL_INTERVAL: Duration = Duration::from_millis(50);

#[derive(Debug, Clone)]
pub(crate) struct StorefrontUrls {
    pub(crate) checkout: String,
    pub(crate) sandbox: String,
}

/// Someone who buys, through the public HTTP surface only.
#[derive(Debug, Clone)]
pub struct Shopper {
    http: reqwest::Client,
    urls: StorefrontUrls,
    user_id: String,
    token: String,
}

impl Shopper {
    pub(crate) async fn sign_in(
        http: reqwest::Client,
        urls: StorefrontUrls,
        user_id: &str,
    ) -> anyhow::Result<Self> {
        let asked = json!({ "sub": user_id, "audience": SHOPPER_AUDIENCE });
        let request = http.post(format!("{}/identity/token", urls.sandbox)).json(&asked);
        let issued = send(request).await?.expect(StatusCode::OK)?.json();
        let token = issued["access_token"].as_str().context("no access_token")?.to_owned();
        Ok(Self { http, urls, user_id: user_id.to_owned(), token })
    }

    /// The same shopper with another token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// The same shopper at another replica of checkout-api.
    #[must_use]
    pub fn at(mut self, checkout_url: &str) -> Self {
        checkout_url.clone_into(&mut self.urls.checkout);
        self
    }

    /// The subject of this shopper's token.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// A request to checkout-api with this shopper's token, for what no other function sends.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.urls.checkout)).bearer_auth(&self.token)
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// Where nothing answers.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        send(request).await
    }

    /// `GET /api/cart`.
    ///
    /// # Errors
    /// Where it is not answered with a cart.
    pub async fn cart(&self) -> anyhow::Result<Value> {
        let answer = send(self.request(Method::GET, "/api/cart")).await?;
        Ok(answer.expect(StatusCode::OK)?.json())
    }

    /// Sets a quantity and returns the cart.
    ///
    /// # Errors
    /// Where it is refused.
    pub async fn put_in_cart(&self, variant_id: &str, quantity: u32) -> anyhow::Result<Value> {
        let request = self
            .request(Method::PUT, &format!("/api/cart/items/{variant_id}"))
            .json(&json!({ "quantity": quantity }));
        Ok(send(request).await?.expect(StatusCode::OK)?.json())
    }

    /// Asks for an intent on the cart as it was last seen, whatever the answer is.
    ///
    /// # Errors
    /// Where nothing answers.
    pub async fn ask_for_intent(
        &self,
        provider: Provider,
        cart_version: i64,
        idempotency_key: &str,
    ) -> anyhow::Result<Answer> {
        let body = json!({
            "provider": provider.word(),
            "cart_version": cart_version,
            "shipping_address": {
                "full_name": "Asha Gurung",
                "phone": "9800000000",
                "line1": "Lakeside 6",
                "city": "Pokhara",
                "province": "Gandaki",
                "country": "NP",
            },
        });
        let request = self
            .request(Method::POST, "/api/checkout/order-intents")
            .header("Idempotency-Key", idempotency_key)
            .json(&body);
        send(request).await
    }

    /// Makes an intent on the cart as it is.
    ///
    /// # Errors
    /// Where it is refused.
    pub async fn checkout(&self, provider: Provider) -> anyhow::Result<Checkout> {
        let cart_version = self.cart().await?["version"].as_i64().context("a cart without version")?;
        let key = uuid::Uuid::new_v4().to_string();
        let answer = self.ask_for_intent(provider, cart_version, &key).await?;
        Checkout::from_answer(provider, answer)
    }

    /// Opens the gateway's page as the browser would: eSewa's form posted, Khalti's link followed.
    ///
    /// # Errors
    /// Where the gateway does not let the shopper in.
    pub async fn open_payment_page(&self, checkout: &Checkout) -> anyhow::Result<()> {
        let url = checkout.payment["url"].as_str().context("a payment without url")?;
        let opened = match checkout.payment["method"].as_str() {
            Some("POST") => send(self.http.post(url).form(&checkout.payment["fields"])).await?,
            Some("GET") => send(self.http.get(url)).await?,
            other => bail!("a payment with the method {other:?}"),
        };
        ensure!(
            opened.status.is_success() || opened.status == StatusCode::FOUND,
            "the gateway answered {}: {}",
            opened.status,
            opened.text
        );
        Ok(())
    }

    /// Has the sandbox do something to the payment: `pay`, `cancel`, `leave` and what else it lists. Returns the URLs
    /// to which the gateway sends the browser now, in order; none where it sends it nowhere.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub async fn at_gateway(&self, checkout: &Checkout, action: &str) -> anyhow::Result<Vec<String>> {
        let sandbox = SandboxControl { http: self.http.clone(), url: self.urls.sandbox.clone() };
        let redirects = sandbox.act(checkout, action).await?;
        redirects.with_context(|| format!("the gateway cannot {action} as the payment stands"))
    }

    /// Follows a redirect back to the shop as a program would, asking for JSON.
    ///
    /// # Errors
    /// Where nothing answers.
    pub async fn follow(&self, redirect: &str) -> anyhow::Result<Answer> {
        send(self.http.get(redirect).header(header::ACCEPT, "application/json")).await
    }

    /// Opens the gateway's page, pays, and follows the first redirect back; returns the callback's answer.
    ///
    /// # Errors
    /// Where one of the steps fails.
    pub async fn pay(&self, checkout: &Checkout) -> anyhow::Result<Answer> {
        self.open_payment_page(checkout).await?;
        let redirects = self.at_gateway(checkout, "pay").await?;
        let first = redirects.first().context("the gateway sent the browser nowhere after a payment")?;
        self.follow(first).await
    }

    /// `GET /api/orders/check-status` for one intent.
    ///
    /// # Errors
    /// Where it is not answered.
    pub async fn status(&self, payment_intent_id: &str) -> anyhow::Result<Value> {
        let path = format!("/api/orders/check-status?payment_intent_id={payment_intent_id}");
        Ok(send(self.request(Method::GET, &path)).await?.expect(StatusCode::OK)?.json())
    }

    /// Returns the first answer whose status is `wanted`.
    ///
    /// # Errors
    /// Where it is another one all through `limit`; the message carries the last answer.
    pub async fn await_status(
        &self,
        payment_intent_id: &str,
        wanted: &str,
        limit: Duration,
    ) -> anyhow::Result<Value> {
        let deadline = Instant::now() + limit;
        loop {
            let answer = self.status(payment_intent_id).await?;
            if answer["status"] == wanted {
                return Ok(answer);
            }
            ensure!(Instant::now() < deadline, "not {wanted} within {limit:?}: {answer}");
            sleep(STATUS_POLL_INTERVAL).await;
        }
    }
}
