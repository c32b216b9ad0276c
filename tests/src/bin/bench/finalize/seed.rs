//! Rows that a paid intent consists of, many at a stroke; every constraint and promise holds for them.

use anyhow::ensure;
use tokio_postgres::Client;

use crate::shop;

/// Where pgbench finds the arguments of the statements it replays.
const TABLES: &str = "
    CREATE TABLE bench_numbers (last_intent bigint NOT NULL);
    INSERT INTO bench_numbers VALUES (0);
    CREATE TABLE bench_batches (
        batch bigint PRIMARY KEY, job_ids bigint[], lease_nos bigint[], payment_intent_ids text[], cart_ids uuid[],
        order_ids uuid[], order_numbers text[], are_settled bool[], statuses text[], reservations text[], causes text[])";

/// Three different variants, spread over the shop so that no two carts of a lap are alike.
const PAY: &[&str] = &[
    "CREATE TEMPORARY TABLE paying ON COMMIT DROP AS
        SELECT n, 'pi_esewa_' || substr(md5(n::text), 1, 26) AS payment_intent_id, gen_random_uuid() AS cart_id
          FROM bench_numbers, generate_series(last_intent + 1, last_intent + {count}) AS n",
    "UPDATE bench_numbers SET last_intent = last_intent + {count}",
    "INSERT INTO carts (cart_id, user_id) SELECT cart_id, 'shopper-' || n FROM paying",
    "INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor)
        SELECT p.cart_id, v.variant_id, 1 + (p.n % 3)::integer, v.unit_price_minor
          FROM paying p CROSS JOIN generate_series(0, 2) AS line
          JOIN product_variants v ON v.variant_id = 'v' || (1 + (p.n * 7919 + line * 997) % {variants})",
    "INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider,
            gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at)
        SELECT p.payment_intent_id, 'shopper-' || p.n, p.cart_id, 1, 1, 'esewa', replace(p.payment_intent_id, '_', '-'),
               'awaiting_payment', 'made by the benchmark', 'held', sum(ci.quantity * ci.unit_price_minor),
               sum(ci.quantity * ci.unit_price_minor), '{\"full_name\": \"Sita Rai\", \"city\": \"Pokhara\"}',
               now() + interval '30 minutes'
          FROM paying p JOIN cart_items ci USING (cart_id) GROUP BY p.n, p.payment_intent_id, p.cart_id",
    "INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, title, sku, quantity,
            unit_price_minor)
        SELECT p.payment_intent_id, ci.variant_id, 'himal', 'Tea', v.title, v.sku, ci.quantity, ci.unit_price_minor
          FROM paying p JOIN cart_items ci USING (cart_id) JOIN product_variants v USING (variant_id)",
    "UPDATE inventory i SET available = available - d.quantity, reserved = reserved + d.quantity, version = version + 1
       FROM (SELECT variant_id, sum(quantity)::integer AS quantity
               FROM paying JOIN payment_intent_items USING (payment_intent_id) GROUP BY variant_id) AS d
      WHERE d.variant_id = i.variant_id",
    "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
        SELECT variant_id, -quantity, quantity, 0, 'reserved', payment_intent_id
          FROM paying JOIN payment_intent_items USING (payment_intent_id)",
    "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause)
        SELECT payment_intent_id, 'gateway_answered', 'paid', 'callback' FROM paying",
    "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor,
            raw_response, source)
        SELECT payment_intent_id, 'esewa', 'transaction-' || payment_intent_id, 'completed', amount_minor, '{}', 'callback'
          FROM paying JOIN payment_intents USING (payment_intent_id)",
    "UPDATE payment_intents pi SET status = 'verified', status_cause = 'made by the benchmark', updated_at = now(),
            question_closed_at = now()
       FROM paying WHERE paying.payment_intent_id = pi.payment_intent_id",
    "INSERT INTO job_queue (job_type, payload, priority, max_attempts, idempotency_key)
        SELECT 'finalize_order', jsonb_build_object('payment_intent_id', payment_intent_id), 10, 20,
               'finalize_order:' || payment_intent_id
          FROM paying ORDER BY n",
];

/// The jobs that are due, claimed for `replay`, with everything that finalize's statements are given about them.
const CUT: &[&str] = &[
    "TRUNCATE bench_batches",
    "UPDATE job_queue SET status = 'processing', locked_by = 'replay', lease_no = lease_no + 1, attempts = attempts + 1,
            locked_until = now() + interval '10 minutes', updated_at = now()
      WHERE status = 'pending' AND job_type = 'finalize_order'",
    "INSERT INTO bench_batches
        SELECT batch, array_agg(id ORDER BY id), array_agg(lease_no ORDER BY id), array_agg(payment_intent_id ORDER BY id),
               array_agg(cart_id ORDER BY id), array_agg(gen_random_uuid()), array_agg(order_number),
               array_agg(true), array_agg('completed'::text), array_agg('settled'::text), array_agg('the order was made'::text)
          FROM (SELECT (row_number() OVER (ORDER BY j.id) - 1) / {batch} AS batch, j.id, j.lease_no, pi.payment_intent_id,
                       pi.cart_id, 'ORD-' || translate(upper(substr(md5(pi.payment_intent_id), 1, 16)), '01', 'XY')
                           AS order_number
                  FROM job_queue j JOIN payment_intents pi ON pi.payment_intent_id = j.payload ->> 'payment_intent_id'
                 WHERE j.status = 'processing' AND j.locked_by = 'replay') AS claimed
         GROUP BY batch",
];

pub(crate) async fn prepare(observer: &Client) -> anyhow::Result<()> {
    shop::open(observer).await?;
    Ok(observer.batch_execute(TABLES).await?)
}

/// Adds paid intents of three lines each, their stock held and their `finalize_order` jobs due.
pub(crate) async fn pay(observer: &Client, count: usize) -> anyhow::Result<()> {
    run(observer, PAY, &[("{count}", count), ("{variants}", usize::try_from(shop::VARIANTS)?)]).await
}

/// Claims every due job for the replay and lays its arguments out in batches.
pub(crate) async fn cut_into_batches(observer: &Client, batch: usize) -> anyhow::Result<()> {
    run(observer, CUT, &[("{batch}", batch)]).await
}

async fn run(observer: &Client, statements: &[&str], values: &[(&str, usize)]) -> anyhow::Result<()> {
    let mut all = statements.join(";\n");
    for (name, value) in values {
        all = all.replace(name, &value.to_string());
    }
    // A string of several statements is one transaction.
    Ok(observer.batch_execute(&all).await?)
}

/// Leaves nothing of the seeding to be written or vacuumed during the lap.
pub(crate) async fn settle_down(observer: &Client) -> anyhow::Result<()> {
    observer.batch_execute("VACUUM (ANALYZE)").await?;
    Ok(observer.batch_execute("CHECKPOINT").await?)
}

/// Every intent made so far is an order, its job completed and its cart empty.
pub(crate) async fn ensure_all_ordered(observer: &Client) -> anyhow::Result<()> {
    let count = "SELECT (SELECT count(*) FROM payment_intents), (SELECT count(*) FROM orders),
        (SELECT count(*) FROM payment_intents WHERE status = 'completed'),
        (SELECT count(*) FROM order_items), (SELECT count(*) FROM cart_items),
        (SELECT count(*) FROM job_queue WHERE job_type = 'finalize_order' AND status <> 'completed')";
    let row = observer.query_one(count, &[]).await?;
    let [intents, orders, completed, lines, left_in_carts, unfinished] =
        [0, 1, 2, 3, 4, 5].map(|column| row.get::<_, i64>(column));
    ensure!(
        orders == intents && completed == intents && lines == 3 * intents,
        "{intents} intents, {completed} completed, {orders} orders with {lines} lines"
    );
    ensure!(
        left_in_carts == 0 && unfinished == 0,
        "{left_in_carts} cart lines and {unfinished} jobs are left"
    );
    Ok(())
}
