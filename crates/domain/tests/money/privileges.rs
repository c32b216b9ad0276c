//! The console does its own work and nothing else.

use crate::world::World;

#[tokio::test]
async fn the_console_can_not_make_orders_read_addresses_send_refunds_or_rewrite_its_log() {
    let world = World::new().await;
    let client = world.database.client().await;
    client.batch_execute("SET ROLE admin_console").await.unwrap();
    for forbidden in [
        "SELECT shipping_address FROM payment_intents",
        "SELECT shipping_address FROM orders",
        "INSERT INTO orders (order_number) VALUES ('x')",
        "UPDATE refunds SET sent_at = now()",
        "UPDATE refunds SET amount_minor = 1",
        "UPDATE carts SET round = 2",
        "SELECT version FROM carts",
        "SELECT unit_price_minor FROM cart_items",
        "UPDATE job_queue SET lease_no = 1",
        "UPDATE inventory_movements SET reason = 'other'",
        "UPDATE inventory SET sold = 1",
        "UPDATE payment_intents SET amount_minor = 1",
        "INSERT INTO payment_gateway_verifications (status) VALUES ('completed')",
        "DELETE FROM review_cases",
        "DELETE FROM job_queue",
        "UPDATE job_queue SET payload = '{}'",
        "UPDATE admin_audit_log SET reason = 'other'",
    ] {
        let error = client.batch_execute(forbidden).await.expect_err(forbidden);
        let message = error.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default();
        assert!(message.starts_with("permission denied"), "{forbidden}: {message}");
    }
}
