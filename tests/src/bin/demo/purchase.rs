#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use std::time::Duration;

use anyhow::{Context, ensure};
use pipeline_tests::{Pipeline, Provider, Shopper};
use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

const CONFIRMED_WITHIN: Duration = Duration::from_secs(20);
const LINES: usize = 2;
const QUANTITY: u32 = 2;

/// What was bought, as the shopper saw it.
pub(crate) struct Purchase {
    pub(crate) provider: Provider,
    pub(crate) payment_intent_id: String,
    pub(crate) order_number: String,
    pub(crate) amount_minor: i64,
    /// Stock-keeping units with their quantities, in the order of their names.
    pub(crate) lines: Vec<(String, i64)>,
}

/// A cart becomes a paid, confirmed order, step by step and over HTTP only.
pub(crate) async fn make(pipeline: &Pipeline, provider: Provider) -> anyhow::Result<Purchase> {
    let gateway = provider.word();
    println!("\n{gateway}: a guest signs in");
    let shopper = pipeline.shopper(&format!("guest-{}", uuid::Uuid::new_v4())).await?;
    let lines = fill_cart(&shopper).await?;

    let checkout = shopper.checkout(provider).await?;
    println!("  intent   {} over {}", checkout.payment_intent_id, rupees(checkout.amount_minor));
    shopper.open_payment_page(&checkout).await?;
    let redirects = shopper.at_gateway(&checkout, "pay").await?;
    let redirect = redirects.first().context("the gateway sent the browser nowhere")?;
    println!("  paid     at {gateway}; the browser comes back to {}", without_query(redirect));

    let returned = Instant::now();
    let callback = shopper.follow(redirect).await?;
    ensure!(callback.status.is_success(), "the callback answered {}: {}", callback.status, callback.text);
    println!("  callback {} after {} ms", callback.json()["status"], returned.elapsed().as_millis());
    let confirmed = shopper.await_status(&checkout.payment_intent_id, "confirmed", CONFIRMED_WITHIN).await?;
    let order_number = confirmed["order_number"].as_str().context("confirmed without an order number")?;
    println!("  order    {order_number} confirmed after {} ms", returned.elapsed().as_millis());
    Ok(Purchase {
        provider,
        payment_intent_id: checkout.payment_intent_id,
        order_number: order_number.to_owned(),
        amount_minor: checkout.amount_minor,
        lines,
    })
}

/// Puts the first variants that are in stock into the cart.
async fn fill_cart(shopper: &Shopper) -> anyhow::Result<Vec<(String, i64)>> {
    let products = shopper.send(shopper.request(Method::GET, "/api/products")).await?.json();
    let products = products["products"].as_array().context("no products are listed")?;
    let in_stock = products
        .iter()
        .flat_map(|product| product["variants"].as_array().into_iter().flatten())
        .filter(|variant| variant["available"].as_i64() >= Some(i64::from(QUANTITY)));
    let mut cart = Value::Null;
    for variant in in_stock.take(LINES) {
        let variant_id = variant["variant_id"].as_str().context("a variant without id")?;
        cart = shopper.put_in_cart(variant_id, QUANTITY).await?;
    }
    let items = cart["items"].as_array().context("nothing is in stock; make the demo's database anew")?;
    let mut lines = Vec::new();
    for item in items {
        println!(
            "  cart     {} × {}, {}",
            item["quantity"],
            item["product_name"].as_str().context("a cart line without a name")?,
            item["title"].as_str().context("a cart line without a title")?
        );
        let sku = item["sku"].as_str().context("a cart line without a sku")?.to_owned();
        lines.push((sku, item["quantity"].as_i64().context("a cart line without a quantity")?));
    }
    lines.sort();
    Ok(lines)
}

/// `Rs 1,250.50` without the comma: the plain amount people read.
pub(crate) fn rupees(amount_minor: i64) -> String {
    format!("Rs {}.{:02}", amount_minor / 100, amount_minor % 100)
}

fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}
