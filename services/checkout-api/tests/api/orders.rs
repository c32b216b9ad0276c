use serde_json::Value;
use test_support::factories::{Cart, Provider};

use crate::server::Server;

/// An order of one tea, made as finalize does.
async fn order(server: &Server, cart: &Cart, number: &str) {
    let intent = server.shop.intent(Provider::Esewa, cart).await;
    server.shop.verify(&intent).await;
    let id = &intent.payment_intent_id;
    server
        .execute(&format!(
            "WITH o AS (
                INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor,
                       total_minor, shipping_address)
                SELECT '{number}', payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, amount_minor,
                       shipping_address
                  FROM payment_intents WHERE payment_intent_id = '{id}'
                RETURNING id, payment_intent_id, cart_id
            ), lines AS (
                INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, title, sku, quantity,
                       unit_price_minor, line_total_minor)
                SELECT o.id, ii.variant_id, ii.vendor_id, ii.product_name, ii.title, ii.sku, ii.quantity,
                       ii.unit_price_minor, ii.quantity * ii.unit_price_minor
                  FROM o JOIN payment_intent_items ii USING (payment_intent_id)
                RETURNING variant_id, quantity
            ), settled AS (
                UPDATE inventory i SET reserved = reserved - l.quantity, sold = sold + l.quantity FROM lines l
                 WHERE l.variant_id = i.variant_id
            ), moved AS (
                INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason,
                       payment_intent_id)
                SELECT variant_id, 0, -quantity, quantity, 'settled', '{id}' FROM lines
            ), completed AS (
                UPDATE payment_intents SET status = 'completed', status_cause = 'test', reservation = 'settled'
                 WHERE payment_intent_id = '{id}'
            )
            UPDATE carts SET round = round + 1, version = version + 1 WHERE cart_id IN (SELECT cart_id FROM o)"
        ))
        .await;
}

#[tokio::test]
async fn a_shopper_sees_own_orders_newest_first_with_their_items() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 50).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    let numbers = ["ORD-2222222222", "ORD-3333333333", "ORD-4444444444"];
    for number in numbers {
        order(&server, &cart, number).await;
    }
    let all = server.get(&cart.user_id, "/api/orders").await.ok(200);
    let listed: Vec<&str> = all["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["order_number"].as_str().unwrap())
        .collect();
    assert_eq!(listed, ["ORD-4444444444", "ORD-3333333333", "ORD-2222222222"]);
    assert_eq!(all["orders"][0]["items"][0]["line_total_minor"], 20_000);
    assert_eq!(all["orders"][0]["shipping_address"]["city"], "Pokhara");

    let mut seen = Vec::new();
    let mut path = "/api/orders?limit=1".to_owned();
    for _ in 0..3 {
        let page = server.get(&cart.user_id, &path).await.ok(200);
        seen.extend(page["orders"].as_array().unwrap().iter().cloned());
        path = format!("/api/orders?limit=1&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
    }
    assert_eq!(Value::from(seen), all["orders"]);
    server.get(&cart.user_id, "/api/orders?cursor=yesterday").await.refused(422, "validation_failed");
    server.assert_no_violations().await;
}

#[tokio::test]
async fn an_order_is_its_shoppers_alone() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 50).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    order(&server, &cart, "ORD-2222222222").await;
    let own = server.get(&cart.user_id, "/api/orders/ORD-2222222222").await.ok(200);
    assert_eq!((own["total_minor"].as_i64(), own["status"].as_str()), (Some(20_000), Some("confirmed")));
    let id = own["payment_intent_id"].as_str().unwrap();
    let status =
        server.get(&cart.user_id, &format!("/api/orders/check-status?payment_intent_id={id}")).await.ok(200);
    assert_eq!((&status["status"], &status["order_number"]), (&"confirmed".into(), &own["order_number"]));
    assert_eq!(status["order_id"], own["order_id"]);
    server.get("somebody else", "/api/orders/ORD-2222222222").await.refused(404, "not_found");
    server.get(&cart.user_id, "/api/orders/ORD-9999999999").await.refused(404, "not_found");
    server.get(&cart.user_id, "/api/orders/%00").await.refused(404, "not_found");
    assert_eq!(
        server.get("somebody else", "/api/orders").await.ok(200)["orders"],
        Value::from(Vec::<Value>::new())
    );
}
