use serde_json::json;

use crate::{
    khalti::Reply,
    server::{Server, order},
};

/// Rows that an intent leaves behind; a refusal leaves none of them.
const TRACES: &str =
    "SELECT (SELECT count(*) FROM payment_intents) + (SELECT count(*) FROM payment_intent_items)
    + (SELECT count(*) FROM idempotency_keys) + (SELECT count(*) FROM job_queue)
    + (SELECT count(*) FROM inventory_movements WHERE reason <> 'opening')";

#[tokio::test]
async fn an_esewa_intent_holds_its_stock_and_owes_its_first_question() {
    let server = Server::start().await;
    let (tea, salt) = (server.shop.variant(10_000, 5).await, server.shop.variant(50, 9).await);
    let cart = server.shop.cart(&[(&tea, 2), (&salt, 1)]).await;
    let intent = server.pay(&cart, "k", "esewa").await.ok(201);
    let id = intent["payment_intent_id"].as_str().unwrap();
    assert!(id.starts_with("pi_esewa_") && id.len() == 35, "{id}");
    assert_eq!(intent["status"], "awaiting_payment");
    assert_eq!((intent["amount_minor"].as_i64(), intent["currency"].as_str()), (Some(20_050), Some("NPR")));
    assert_eq!(intent["items"][0]["line_total_minor"], 20_000);
    assert_eq!(intent["payment"]["method"], "POST");
    let fields = &intent["payment"]["fields"];
    assert_eq!((fields["total_amount"].as_str(), fields["amount"].as_str()), (Some("200.5"), Some("200.5")));
    assert_eq!(fields["transaction_uuid"], id.replace('_', "-"));
    assert!(
        fields["success_url"]
            .as_str()
            .unwrap()
            .starts_with("https://pay.shop.example/payment/callback/esewa/")
    );

    assert_eq!((server.shop.stock(&tea).await, server.shop.stock(&salt).await), ((3, 2, 0), (8, 1, 0)));
    let due = server
        .count(
            "SELECT extract(epoch FROM j.run_at - pi.created_at)::bigint FROM job_queue j, payment_intents pi
              WHERE j.job_type = 'verify_payment' AND j.idempotency_key = 'verify_payment:' || pi.payment_intent_id",
        )
        .await;
    assert_eq!(due, 60);
    let ttl =
        server.count("SELECT extract(epoch FROM expires_at - created_at)::bigint FROM payment_intents").await;
    assert_eq!(ttl, 1800);
    server.assert_no_violations().await;
}

#[tokio::test]
async fn a_khalti_intent_has_its_reference_before_anybody_sees_it() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    let intent = server.pay(&cart, "k", "khalti").await.ok(201);
    assert_eq!(intent["payment"]["method"], "GET");
    let stored: String = server
        .shop
        .client
        .query_one("SELECT gateway_reference FROM payment_intents WHERE status = 'awaiting_payment'", &[])
        .await
        .unwrap()
        .get(0);
    assert!(intent["payment"]["url"].as_str().unwrap().ends_with(&stored));
    server.assert_no_violations().await;
}

#[tokio::test]
async fn a_refused_intent_leaves_nothing_behind() {
    let server = Server::start().await;
    let (tea, gift) = (server.shop.variant(10_000, 5).await, server.shop.variant(999, 5).await);
    server.pay_with("nobody", "k", &order("esewa", 1)).await.refused(422, "cart_empty");
    let cart = server.shop.cart(&[(&tea, 6)]).await;
    let changed = server.pay_with(&cart.user_id, "k", &order("esewa", 7)).await.refused(409, "cart_changed");
    assert_eq!(changed["cart_version"], 1);
    let short = server.pay(&cart, "k", "esewa").await.refused(409, "insufficient_stock");
    assert_eq!(
        short["lines"],
        json!([{"variant_id": tea, "sku": format!("sku-{tea}"), "wanted": 6, "available": 5}])
    );

    let gifts = server.shop.cart(&[(&gift, 1)]).await;
    let small = server.pay(&gifts, "k", "khalti").await.refused(422, "amount_below_minimum");
    assert_eq!((small["amount_minor"].as_i64(), small["minimum_minor"].as_i64()), (Some(999), Some(1000)));
    server
        .execute(&format!("UPDATE product_variants SET is_active = false WHERE variant_id = '{gift}'"))
        .await;
    let withdrawn = server.pay(&gifts, "k", "esewa").await.refused(409, "variant_unavailable");
    assert_eq!(withdrawn["variant_ids"], json!([gift]));

    assert_eq!(server.count(TRACES).await, 0);
    assert_eq!(server.shop.stock(&tea).await, (5, 0, 0));
    server.assert_no_violations().await;
}

#[tokio::test]
async fn every_short_line_is_reported() {
    let server = Server::start().await;
    let (none, few, enough) = (
        server.shop.variant(100, 0).await,
        server.shop.variant(100, 2).await,
        server.shop.variant(100, 9).await,
    );
    let cart = server.shop.cart(&[(&none, 1), (&few, 3), (&enough, 9)]).await;
    let short = server.pay(&cart, "k", "esewa").await.refused(409, "insufficient_stock");
    let lines = short["lines"].as_array().unwrap();
    let told = lines.iter().map(|line| (line["wanted"].as_i64(), line["available"].as_i64()));
    assert_eq!(told.collect::<Vec<_>>(), [(Some(1), Some(0)), (Some(3), Some(2))]);
    assert_eq!(server.shop.stock(&enough).await, (9, 0, 0));
}

#[tokio::test]
async fn a_price_that_moved_is_shown_before_it_is_paid() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    server
        .execute(&format!("UPDATE product_variants SET unit_price_minor = 12000 WHERE variant_id = '{tea}'"))
        .await;
    let changed = server.pay(&cart, "k", "esewa").await.refused(409, "cart_changed");
    assert_eq!(changed["cart_version"], 2);
    let shown = server.get(&cart.user_id, "/api/cart").await.ok(200);
    assert_eq!((shown["version"].as_i64(), shown["subtotal_minor"].as_i64()), (Some(2), Some(24_000)));
    let intent = server.pay_with(&cart.user_id, "k", &order("esewa", 2)).await.ok(201);
    assert_eq!(intent["amount_minor"], 24_000);
    server.assert_no_violations().await;
}

#[tokio::test]
async fn a_gateway_that_is_off_is_a_wrong_field() {
    let off = [("KHALTI__SECRET_KEY", ""), ("KHALTI__BASE_URL", "")];
    let server = Server::start_with(&off).await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 1)]).await;
    let problem = server.pay(&cart, "k", "khalti").await.refused(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "provider");
}

#[tokio::test]
async fn a_payment_that_the_gateway_refuses_has_failed_and_frees_its_key() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    server.khalti.will([Reply::Refusal]);
    let problem = server.pay(&cart, "k", "khalti").await.refused(422, "validation_failed");
    assert!(problem["errors"][0]["message"].as_str().unwrap().contains("Amount should be less"), "{problem}");
    assert_eq!(server.shop.stock(&tea).await, (5, 0, 0));
    let failed =
        "SELECT count(*) FROM payment_intents WHERE status = 'failed' AND question_closed_at IS NOT NULL";
    assert_eq!(server.count(failed).await, 1);
    server.pay(&cart, "k", "esewa").await.ok(201);
    server.assert_no_violations().await;
}
