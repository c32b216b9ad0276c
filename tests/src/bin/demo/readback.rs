use anyhow::{Context, ensure};
use tokio_postgres::{Client, NoTls, Row};

use crate::purchase::{Purchase, rupees};

/// A connection of the demo's own, beside those of the services.
pub(crate) async fn connect(database_url: &str) -> anyhow::Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(database_url, NoTls).await.context("cannot connect to DATABASE_URL")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("demo: the database connection broke: {error}");
        }
    });
    Ok(client)
}

const ORDER: &str = "
    SELECT o.order_number, o.status, o.total_minor, pi.status, pi.reservation,
           (SELECT coalesce(sum(ci.quantity), 0)::bigint FROM cart_items ci WHERE ci.cart_id = o.cart_id),
           v.gateway_transaction_id
      FROM orders o
      JOIN payment_intents pi USING (payment_intent_id)
      JOIN payment_gateway_verifications v USING (payment_intent_id)
     WHERE o.payment_intent_id = $1";

const LINES: &str = "
    SELECT oi.sku, oi.product_name, oi.quantity::bigint, oi.line_total_minor,
           -(SELECT coalesce(sum(m.available_delta), 0)::bigint FROM inventory_movements m
              WHERE m.payment_intent_id = $1 AND m.variant_id = oi.variant_id),
           (SELECT coalesce(sum(m.reserved_delta), 0)::bigint FROM inventory_movements m
              WHERE m.payment_intent_id = $1 AND m.variant_id = oi.variant_id),
           (SELECT coalesce(sum(m.sold_delta), 0)::bigint FROM inventory_movements m
              WHERE m.payment_intent_id = $1 AND m.variant_id = oi.variant_id)
      FROM order_items oi JOIN orders o ON o.id = oi.order_id
     WHERE o.payment_intent_id = $1
     ORDER BY oi.sku";

/// The order as text for the screen; fails where the database holds anything but exactly what was bought.
pub(crate) async fn order(observer: &Client, purchase: &Purchase) -> anyhow::Result<String> {
    let orders = observer.query(ORDER, &[&purchase.payment_intent_id]).await?;
    let [order] = orders.as_slice() else {
        anyhow::bail!("{} has {} orders instead of one", purchase.payment_intent_id, orders.len());
    };
    let found = Found::of(order);
    ensure!(found.order_number == purchase.order_number, "the shopper was told another order number");
    ensure!(found.status == "confirmed", "order {} is {}", found.order_number, found.status);
    ensure!(found.total_minor == purchase.amount_minor, "order {} has another total", found.order_number);
    ensure!(found.intent_status == "completed", "the intent is {}", found.intent_status);
    ensure!(found.reservation == "settled", "the stock is {}", found.reservation);
    ensure!(found.left_in_cart == 0, "{} units are left in the cart", found.left_in_cart);

    let rows = observer.query(LINES, &[&purchase.payment_intent_id]).await?;
    let bought: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(2))).collect();
    ensure!(bought == purchase.lines, "the order holds {bought:?}, the cart held {:?}", purchase.lines);
    let mut text = format!(
        "  {} {} through {} ({}), {}: stock settled, cart empty",
        found.order_number,
        found.status,
        purchase.provider.word(),
        found.gateway_transaction_id,
        rupees(found.total_minor),
    );
    for row in &rows {
        text.push_str(&line(row)?);
    }
    Ok(text)
}

struct Found {
    order_number: String,
    status: String,
    total_minor: i64,
    intent_status: String,
    reservation: String,
    left_in_cart: i64,
    gateway_transaction_id: String,
}

impl Found {
    fn of(row: &Row) -> Self {
        Self {
            order_number: row.get(0),
            status: row.get(1),
            total_minor: row.get(2),
            intent_status: row.get(3),
            reservation: row.get(4),
            left_in_cart: row.get(5),
            gateway_transaction_id: row.get(6),
        }
    }
}

fn line(row: &Row) -> anyhow::Result<String> {
    let (sku, product_name): (String, String) = (row.get(0), row.get(1));
    let (quantity, line_total_minor): (i64, i64) = (row.get(2), row.get(3));
    let (taken, still_reserved, sold): (i64, i64, i64) = (row.get(4), row.get(5), row.get(6));
    ensure!(
        taken == quantity && still_reserved == 0 && sold == quantity,
        "stock of {sku}: {quantity} ordered, {taken} taken, {still_reserved} reserved, {sold} sold"
    );
    Ok(format!("\n    {quantity} × {product_name} ({sku}), {}", rupees(line_total_minor)))
}
