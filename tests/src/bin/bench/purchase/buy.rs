#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use pipeline_tests::{Checkout, Provider, Shopper};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::shop;

/// Lines of a purchase.
const LINES: u32 = 3;
/// What a stream may hold before it says what is waited for.
const STREAM_BYTES_MAX: usize = 64 * 1_024;

/// What the buyer was told, and how long it took.
#[derive(Debug, Clone)]
pub(crate) struct Bought {
    pub(crate) payment_intent_id: String,
    pub(crate) order_number: String,
    pub(crate) amount_minor: i64,
    /// Of the request for an intent.
    pub(crate) intent_took: Duration,
    /// Of the browser's return.
    pub(crate) callback_took: Duration,
    /// From the callback's answer until the buyer's stream said `confirmed`.
    pub(crate) visible_after: Duration,
}

/// Buys three lines. The sandbox's part (page, payment) is done as a browser does it and belongs to the load.
pub(crate) async fn buy(shopper: &Shopper, number: u32) -> anyhow::Result<Bought> {
    let provider = if number.is_multiple_of(2) { Provider::Esewa } else { Provider::Khalti };
    let mut cart = Value::Null;
    for line in 0..LINES {
        cart = shopper.put_in_cart(&shop::variant(number, line), 1 + line).await?;
    }
    let cart_version = cart["version"].as_i64().context("a cart without version")?;
    let key = uuid::Uuid::new_v4().to_string();

    let asked = Instant::now();
    let answer = shopper.ask_for_intent(provider, cart_version, &key).await?;
    let intent_took = asked.elapsed();
    let checkout = Checkout::from_answer(provider, answer)?;

    let paid = pay(shopper, &checkout).await?;
    Ok(Bought {
        payment_intent_id: checkout.payment_intent_id,
        order_number: paid.order_number,
        amount_minor: checkout.amount_minor,
        intent_took,
        callback_took: paid.callback_took,
        visible_after: paid.visible_after,
    })
}

/// What came of a payment.
pub(crate) struct Paid {
    pub(crate) order_number: String,
    callback_took: Duration,
    visible_after: Duration,
}

/// Pays at the gateway, comes back, and waits for the order.
pub(crate) async fn pay(shopper: &Shopper, checkout: &Checkout) -> anyhow::Result<Paid> {
    shopper.open_payment_page(checkout).await?;
    let redirects = shopper.at_gateway(checkout, "pay").await?;
    let redirect = redirects.first().context("the gateway sent the browser nowhere")?;
    let returned = Instant::now();
    let callback = shopper.follow(redirect).await?;
    let answered = Instant::now();
    ensure!(callback.status.is_success(), "the callback answered {}: {}", callback.status, callback.text);
    let order_number = until_confirmed(shopper, &checkout.payment_intent_id).await?;
    Ok(Paid {
        order_number,
        callback_took: answered.duration_since(returned),
        visible_after: answered.elapsed(),
    })
}

/// Opens the buyer's stream and reads it until it names the order.
async fn until_confirmed(shopper: &Shopper, payment_intent_id: &str) -> anyhow::Result<String> {
    let path = format!("/api/orders/check-status/stream?payment_intent_id={payment_intent_id}");
    let mut stream = shopper.request(Method::GET, &path).send().await.context("no stream")?;
    ensure!(stream.status() == StatusCode::OK, "the stream answered {}", stream.status());
    let mut text = String::new();
    while let Some(event) = next_event(&mut stream, &mut text).await? {
        match event["status"].as_str() {
            Some("confirmed") => {
                return Ok(event["order_number"].as_str().context("no order number")?.to_owned());
            }
            Some("verifying" | "paid" | "awaiting_payment") => {}
            _ => bail!("the purchase ended otherwise: {event}"),
        }
    }
    bail!("the stream of {payment_intent_id} ended before it was confirmed")
}

/// The data of the next event that has any; `None` when the stream has ended.
pub(crate) async fn next_event(stream: &mut Response, text: &mut String) -> anyhow::Result<Option<Value>> {
    loop {
        while let Some((event, rest)) = text.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data:")).map(str::to_owned);
            *text = rest.to_owned();
            if let Some(data) = data {
                return Ok(Some(serde_json::from_str(data.trim()).context("an event that is no JSON")?));
            }
        }
        ensure!(text.len() < STREAM_BYTES_MAX, "the stream sends no end of an event");
        match stream.chunk().await.context("the stream broke off")? {
            Some(chunk) => text.push_str(&String::from_utf8_lossy(&chunk)),
            None => return Ok(None),
        }
    }
}
