#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use pipeline_tests::Shopper;
use reqwest::{Method, StatusCode};
use tokio::{task::JoinHandle, time::timeout};

use crate::purchase::next_event;

/// Bounds a storefront's whole wait, the time in which nothing is ordered yet included.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// A buyer's open stream.
pub(super) struct Followed {
    pub(super) payment_intent_id: String,
    told: JoinHandle<anyhow::Result<(Instant, String)>>,
}

impl Followed {
    /// When the buyer was told of the order, and its number.
    pub(super) async fn told(self) -> anyhow::Result<(Instant, String)> {
        timeout(WAIT_MAX, self.told).await.context("a storefront still waits")??
    }
}

/// Opens the stream and returns once it has told that the payment is there and the order is not.
pub(super) async fn follow(shopper: &Shopper, payment_intent_id: String) -> anyhow::Result<Followed> {
    let path = format!("/api/orders/check-status/stream?payment_intent_id={payment_intent_id}");
    let request = shopper.request(Method::GET, &path).timeout(WAIT_MAX);
    let mut stream = request.send().await.context("no stream")?;
    ensure!(stream.status() == StatusCode::OK, "the stream answered {}", stream.status());
    let mut text = String::new();
    let first = next_event(&mut stream, &mut text).await?.context("the stream ended at once")?;
    ensure!(first["status"] == "paid", "the payment stands elsewhere: {first}");
    let told = tokio::spawn(async move {
        let event = next_event(&mut stream, &mut text)
            .await?
            .context("the stream ended before the order was there")?;
        let at = Instant::now();
        ensure!(event["status"] == "confirmed", "the purchase ended otherwise: {event}");
        Ok((at, event["order_number"].as_str().context("no order number")?.to_owned()))
    });
    Ok(Followed { payment_intent_id, told })
}
