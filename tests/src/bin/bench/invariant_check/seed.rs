//! A shop that has sold for a while, many rows at a stroke; every constraint and promise holds for them.

use tokio_postgres::Client;

use crate::shop;

pub(crate) const ORDERS: usize = 100_000;
/// Of the hot variant, which no order is of.
pub(crate) const HOT_MOVEMENTS: usize = 1_000_000;
pub(crate) const HOT_VARIANT: &str = "hot";

/// Three different variants an order.
const SELL: &[&str] = &[
    "CREATE TEMPORARY TABLE sold ON COMMIT DROP AS
        SELECT n, 'pi_esewa_' || substr(md5(n::text), 1, 26) AS payment_intent_id, gen_random_uuid() AS cart_id,
               gen_random_uuid() AS order_id
          FROM generate_series(1, {orders}) AS n",
    "CREATE TEMPORARY TABLE sold_lines ON COMMIT DROP AS
        SELECT s.*, v.variant_id, v.title, v.sku, v.unit_price_minor, 1 + line AS quantity
          FROM sold s CROSS JOIN generate_series(0, 2) AS line
          JOIN product_variants v ON v.variant_id = 'v' || (1 + (s.n * 7919 + line * 997) % {variants})",
    "INSERT INTO carts (cart_id, user_id) SELECT cart_id, 'shopper-' || n FROM sold",
    "INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider,
            gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at)
        SELECT payment_intent_id, 'shopper-' || n, cart_id, 1, 1, 'esewa', replace(payment_intent_id, '_', '-'),
               'awaiting_payment', 'made by the benchmark', 'held', sum(quantity * unit_price_minor),
               sum(quantity * unit_price_minor), '{\"full_name\": \"Sita Rai\", \"city\": \"Pokhara\"}', now() + interval '30 minutes'
          FROM sold_lines GROUP BY n, payment_intent_id, cart_id",
    "INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, title, sku, quantity,
            unit_price_minor)
        SELECT payment_intent_id, variant_id, 'himal', 'Tea', title, sku, quantity, unit_price_minor FROM sold_lines",
    "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause)
        SELECT payment_intent_id, 'gateway_answered', 'paid', 'callback' FROM sold",
    "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor,
            raw_response, source)
        SELECT payment_intent_id, 'esewa', 'transaction-' || payment_intent_id, 'completed', amount_minor, '{}', 'callback'
          FROM payment_intents",
    "UPDATE payment_intents SET status = 'verified', status_cause = 'made by the benchmark'",
    "INSERT INTO orders (id, order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor,
            shipping_address)
        SELECT order_id, 'ORD-' || translate(upper(substr(md5(payment_intent_id), 1, 16)), '01', 'XY'), payment_intent_id,
               pi.user_id, pi.cart_id, pi.cart_round, pi.subtotal_minor, pi.amount_minor, pi.shipping_address
          FROM sold JOIN payment_intents pi USING (payment_intent_id)",
    "INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor,
            line_total_minor)
        SELECT order_id, variant_id, 'himal', 'Tea', title, sku, quantity, unit_price_minor, quantity * unit_price_minor
          FROM sold_lines",
    "UPDATE payment_intents SET status = 'completed', reservation = 'settled', status_cause = 'made by the benchmark'",
    "UPDATE carts SET round = 2, version = 2",
    "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
        SELECT variant_id, -quantity, quantity, 0, 'reserved', payment_intent_id FROM sold_lines",
    "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
        SELECT variant_id, 0, -quantity, quantity, 'settled', payment_intent_id FROM sold_lines",
    "UPDATE inventory i SET available = i.available - t.quantity, sold = t.quantity, version = i.version + 1
       FROM (SELECT variant_id, sum(quantity)::integer AS quantity FROM sold_lines GROUP BY variant_id) AS t
      WHERE t.variant_id = i.variant_id",
    "INSERT INTO job_queue (job_type, payload, priority, max_attempts, idempotency_key, status, completed_at, attempts)
        SELECT 'finalize_order', jsonb_build_object('payment_intent_id', payment_intent_id), 10, 20,
               'finalize_order:' || payment_intent_id, 'completed', now(), 1
          FROM sold",
    // An order's payment is asked about for a week.
    "INSERT INTO job_queue (job_type, payload, priority, run_at, max_attempts, idempotency_key)
        SELECT 'verify_payment', jsonb_build_object('payment_intent_id', payment_intent_id), 100, now() + interval '1 day', 20,
               'verify_payment:' || payment_intent_id
          FROM sold",
    "INSERT INTO product_variants (variant_id, product_id, sku, unit_price_minor) VALUES ('hot', 'tea', 'HOT', 100)",
    "INSERT INTO inventory (variant_id, available) VALUES ('hot', 1000)",
    "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason)
        SELECT 'hot', 1 - 2 * (n % 2), 0, 0, 'counted' FROM generate_series(1, {movements}) AS n",
];

/// A reaper that has run all along has read all this and seen it settle.
const READ: &str = "UPDATE invariant_check_cursors c SET seen_id = newest.id, settled_id = newest.id, settling_id = newest.id
    FROM (SELECT source, max(id) AS id FROM changes_to_check GROUP BY source) AS newest WHERE newest.source = c.source";

/// Makes the shop and its past.
pub(crate) async fn orders(observer: &Client) -> anyhow::Result<()> {
    shop::open(observer).await?;
    let sell = SELL.join(";\n");
    let sell = sell
        .replace("{orders}", &ORDERS.to_string())
        .replace("{variants}", &shop::VARIANTS.to_string())
        .replace("{movements}", &HOT_MOVEMENTS.to_string());
    // A string of several statements is one transaction.
    observer.batch_execute(&sell).await?;
    observer.batch_execute(READ).await?;
    Ok(observer.batch_execute("VACUUM (ANALYZE)").await?)
}

/// The gateway is heard about so many intents again, and so many variants are counted, the hot one among them.
pub(crate) async fn change(observer: &Client, count: i64) -> anyhow::Result<()> {
    let answers = "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause)
        SELECT 'pi_esewa_' || substr(md5((1 + floor(random() * 100000)::int)::text), 1, 26), 'gateway_answered', 'paid', 'asked again'
          FROM generate_series(1, $1)";
    observer.execute(answers, &[&count]).await?;
    let counts = "SELECT set_stock(variant_id, available + 1, 'counted again') FROM
        (SELECT variant_id, available FROM inventory ORDER BY variant_id = 'hot' DESC, random() LIMIT $1) AS counted";
    observer.execute(counts, &[&count]).await?;
    Ok(())
}

/// The hot variant's counts no longer follow from its movements; a movement tells that something happened to it.
pub(crate) async fn break_stock(observer: &Client) -> anyhow::Result<()> {
    let wrong = "UPDATE inventory SET available = available + 1 WHERE variant_id = 'hot';
        SELECT set_stock('hot', available + 5, 'received') FROM inventory WHERE variant_id = 'hot'";
    Ok(observer.batch_execute(wrong).await?)
}

pub(crate) async fn mend_stock(observer: &Client) -> anyhow::Result<()> {
    Ok(observer
        .batch_execute("UPDATE inventory SET available = available - 1 WHERE variant_id = 'hot'")
        .await?)
}

/// Gives the first shopper's cart to somebody, without a trace; returns the intent that was paid for it.
pub(crate) async fn change_owner(observer: &Client, user_id: &str) -> anyhow::Result<String> {
    let change = "UPDATE carts c SET user_id = $1 FROM payment_intents pi
        WHERE pi.cart_id = c.cart_id AND pi.user_id = 'shopper-1' RETURNING pi.payment_intent_id";
    Ok(observer.query_one(change, &[&user_id]).await?.get(0))
}
