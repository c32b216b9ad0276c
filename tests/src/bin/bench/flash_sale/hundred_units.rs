//! 300 buyers at once for 100 units: a hundred orders, two hundred refusals that say why.

use std::time::Instant;

use anyhow::{Context, bail, ensure};
use futures_util::future::try_join_all;
use pipeline_tests::{Checkout, Pipeline, Provider, Shopper};
use reqwest::StatusCode;
use tokio_postgres::Client;

use super::crowd::{CART_VERSION, gather};
use crate::{invariants::ensure_none_violated, purchase, report::Row, rounds::Samples, say};

const VARIANT: &str = "hundred-units";
const BUYERS: i32 = 300;
const UNITS: i32 = 100;

pub(crate) async fn run(pipeline: &Pipeline, observer: &Client) -> anyhow::Result<Row> {
    say(&format!("  {BUYERS} buyers for {UNITS} units"));
    let shoppers = gather(pipeline, observer, VARIANT, UNITS, BUYERS).await?;
    let began = Instant::now();
    let answers = try_join_all(shoppers.iter().map(try_to_buy)).await?;
    let took = began.elapsed();
    let mut told: Vec<String> = answers.into_iter().flatten().collect();
    told.sort();

    let read = "SELECT o.order_number FROM orders o JOIN order_items oi ON oi.order_id = o.id
                 WHERE oi.variant_id = $1 ORDER BY o.order_number";
    let rows = observer.query(read, &[&VARIANT]).await?;
    let orders: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    ensure!(orders == told, "{} buyers were told of an order, {} exist", told.len(), orders.len());
    ensure!(orders.len() == usize::try_from(UNITS)?, "{} orders for {UNITS} units", orders.len());
    let read = "SELECT available, reserved, sold FROM inventory WHERE variant_id = $1";
    let stock = observer.query_one(read, &[&VARIANT]).await?;
    let stock: (i32, i32, i32) = (stock.get(0), stock.get(1), stock.get(2));
    ensure!(stock == (0, 0, UNITS), "the stock is {stock:?}");
    ensure_none_violated(observer).await?;
    Ok(Row::new(
        "flash sale, 300 buyers for 100 units: 100 orders, 200 told why not",
        "s",
        Samples::one(took.as_secs_f64()),
    ))
}

/// The order number, or `None` for a buyer who was told that the stock is gone.
async fn try_to_buy(shopper: &Shopper) -> anyhow::Result<Option<String>> {
    let answer = shopper.ask_for_intent(Provider::Esewa, CART_VERSION, shopper.user_id()).await?;
    match (answer.status, answer.code().as_str()) {
        (StatusCode::CONFLICT, "insufficient_stock") => Ok(None),
        (StatusCode::CREATED, _) => {
            let checkout = Checkout::from_answer(Provider::Esewa, answer)?;
            let paid = purchase::pay(shopper, &checkout).await.context(checkout.payment_intent_id)?;
            Ok(Some(paid.order_number))
        }
        (status, _) => bail!("{status} answered: {}", answer.text),
    }
}
