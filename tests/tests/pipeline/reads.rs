//! What a purchase reads is its own, however much there is of others.

use pipeline_tests::{Program, Provider};

use crate::world::World;

/// Of each kind.
const OTHERS: i64 = 2_000;
/// Of all indexes and tables together, by four purchases and everything that services ask unasked meanwhile.
const READ_MAX: i64 = OTHERS / 2;

/// Others' goods, carts, open intents and what is remembered of them.
const FILL: &str = "
    INSERT INTO product_variants (product_id, variant_id, sku, unit_price_minor)
        SELECT p.product_id, 'other-' || n, 'other-' || n, 100
          FROM (SELECT product_id FROM products LIMIT 1) AS p, generate_series(1, $others) AS n;
    INSERT INTO inventory (variant_id, available) SELECT 'other-' || n, 10 FROM generate_series(1, $others) AS n;
    INSERT INTO carts (user_id) SELECT 'other-' || n FROM generate_series(1, $others) AS n;
    INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor)
        SELECT cart_id, user_id, 1, 100 FROM carts WHERE user_id LIKE 'other-%';
    INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference,
            status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at)
        SELECT 'pi_esewa_' || substr(md5(user_id), 1, 26), user_id, cart_id, 1, 1, 'esewa', md5(user_id), 'awaiting_payment',
               'made by the test', 'held', 100, 100, '{}', now() + interval '1 hour'
          FROM carts WHERE user_id LIKE 'other-%';
    INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, payment_intent_id)
        SELECT user_id, 'key', sha256('body'), payment_intent_id FROM payment_intents WHERE user_id LIKE 'other-%';
    INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload)
        SELECT payment_intent_id, 'esewa', 'return', 'accepted', '{}' FROM payment_intents WHERE user_id LIKE 'other-%'";

const READ: &str = "
    SELECT name, read FROM (
        SELECT indexrelname::text AS name, idx_tup_read AS read FROM pg_stat_user_indexes
         UNION ALL
        SELECT relname::text || ' from end to end', seq_tup_read FROM pg_stat_user_tables) AS counted
     WHERE read > 0 ORDER BY read DESC";

#[tokio::test]
async fn a_purchase_reads_nothing_of_others() {
    let mut world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "600")]).await;
    // It looks after everybody, so it reads everybody's.
    world.pipeline.terminate(Program::StaleJobReaper).await.unwrap();
    // Statements are planned now, while there is nothing that a bad plan would read.
    for provider in Provider::ALL {
        world.buy(provider).await;
    }
    world.rows().batch_execute(&FILL.replace("$others", &OTHERS.to_string())).await.unwrap();
    world.database.client().await.batch_execute("SELECT pg_stat_reset()").await.unwrap();
    for provider in Provider::ALL {
        world.buy(provider).await;
    }
    // What connections have counted is known when they have ended.
    for program in [Program::CheckoutApi, Program::PaymentCallback, Program::OrderWorker(0)] {
        world.pipeline.terminate(program).await.unwrap();
    }
    let read = world.database.client().await.query(READ, &[]).await.unwrap();
    let counts: Vec<(String, i64)> = read.iter().map(|row| (row.get(0), row.get(1))).collect();
    let total: i64 = counts.iter().map(|(_, count)| count).sum();
    println!("four purchases and what services ask unasked read {total} entries");
    assert!(total > 0, "nothing was counted");
    assert!(total <= READ_MAX, "{total} entries were read: {counts:?}");
}
