use crate::server::Server;

/// Makes an order of a payment that is paid; returns its number.
async fn order(server: &Server, payment_intent_id: &str) -> String {
    let make = "WITH made AS (
            INSERT INTO orders (order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address)
            SELECT 'ORD-' || translate(upper(substr(md5(payment_intent_id), 1, 12)), '01', 'XY'), payment_intent_id, user_id,
                   cart_id, cart_round, subtotal_minor, amount_minor, shipping_address
              FROM payment_intents WHERE payment_intent_id = $1
            RETURNING id, order_number
        ), lines AS (
            INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor, line_total_minor)
            SELECT made.id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor, quantity * unit_price_minor
              FROM made, payment_intent_items WHERE payment_intent_id = $1
        )
        SELECT order_number FROM made";
    server.shop.client.query_one(make, &[&payment_intent_id]).await.unwrap().get(0)
}

#[tokio::test]
async fn orders_are_listed_found_and_shown_without_their_address() {
    let server = Server::start().await;
    let intent = server.payment().await;
    server.shop.verify(&intent).await;
    let number = order(&server, &intent.payment_intent_id).await;
    let list = server.get("/admin/orders").await;
    assert!(list.ok().contains(&format!("href=\"/admin/orders/{number}\"")), "{}", list.text);
    let found = server.get(&format!("/admin/orders?q={}", number.to_lowercase())).await;
    assert_eq!(found.location.as_deref(), Some(format!("/admin/orders/{number}").as_str()));
    let page = server.get(&format!("/admin/orders/{number}")).await;
    let json = server.get(&format!("/admin/api/orders/{number}")).await;
    for told in ["Rs 500.00", "Himal", "reserved", "Reservation"] {
        assert!(page.ok().contains(told), "{told}: {}", page.text);
    }
    assert_eq!(json.json()["lines"][0]["vendor_name"], "Himal");
    for hidden in ["Sita Rai", "Pokhara"] {
        assert!(!page.text.contains(hidden) && !json.text.contains(hidden), "{hidden} is shown");
    }
    assert!(server.get("/admin/orders?q=nobody").await.ok().contains("No order is known by this name"));
    server.get("/admin/orders/ORD-NOWHERE").await.refused(404, "There is no order ORD-NOWHERE");
    server.get("/admin/orders?after=x").await.refused(422, "not a cursor");
}

#[tokio::test]
async fn stock_is_searched_and_a_variant_explains_its_counts() {
    let server = Server::start().await;
    let variant = server.shop.variant(9_900, 5).await;
    server.shop.client.execute("SELECT set_stock($1, 3, 'two were broken')", &[&variant]).await.unwrap();
    let found = server.get(&format!("/admin/stock?q=SKU-{variant}")).await;
    assert!(found.ok().contains(&format!("href=\"/admin/stock/{variant}\"")), "{}", found.text);
    let page = server.get(&format!("/admin/stock/{variant}")).await;
    for told in ["Rs 99.00", "two were broken", "-2", "opening", "+5"] {
        assert!(page.ok().contains(told), "{told}: {}", page.text);
    }
    let json = server.get(&format!("/admin/api/stock/{variant}?limit=1")).await.json();
    assert_eq!(
        (json["variant"]["available"].as_i64(), json["movements"].as_array().unwrap().len()),
        (Some(3), 1)
    );
    assert!(json["next_cursor"].is_i64());
    server.get("/admin/stock/nowhere").await.refused(404, "There is no variant nowhere");
    assert!(server.get("/admin/stock?q=nothing").await.ok().contains("No such variant"));
}
