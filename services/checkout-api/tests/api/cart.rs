use reqwest::Method;
use serde_json::json;

use crate::server::{Server, token};

#[tokio::test]
async fn a_cart_counts_its_changes_and_nothing_else() {
    let server = Server::start().await;
    let (tea, salt) = (server.shop.variant(45_000, 3).await, server.shop.variant(2_550, 100).await);
    let empty = server.get("u", "/api/cart").await.ok(200);
    assert_eq!((empty["version"].as_i64(), empty["item_count"].as_i64()), (Some(1), Some(0)));

    server.put("u", &tea, 2).await.ok(200);
    let cart = server.put("u", &salt, 10).await.ok(200);
    assert_eq!(cart["version"], 3);
    assert_eq!((cart["item_count"].as_i64(), cart["subtotal_minor"].as_i64()), (Some(12), Some(115_500)));
    assert_eq!(cart["items"][0]["line_total_minor"], 90_000);

    let same = server.put("u", &salt, 10).await.ok(200);
    assert_eq!(same["version"], 3, "a write that changes nothing keeps the version");
    let more_than_there_is = server.put("u", &tea, 999).await.ok(200);
    assert_eq!(more_than_there_is["version"], 4);
    assert_eq!(more_than_there_is["items"][0]["available"], 3);

    let path = format!("/api/cart/items/{tea}");
    for _ in 0..2 {
        let left = server.send(server.request(Method::DELETE, &path).bearer_auth(token("u"))).await.ok(200);
        assert_eq!((left["version"].as_i64(), left["items"].as_array().unwrap().len()), (Some(5), 1));
    }
    assert_eq!(server.get("u", "/api/cart").await.ok(200)["version"], 5);
    assert_eq!(server.get("somebody else", "/api/cart").await.ok(200)["item_count"], 0);
    server.assert_no_violations().await;
}

#[tokio::test]
async fn looking_at_a_cart_makes_it_once_and_never_touches_it_again() {
    let server = Server::start().await;
    let looks = futures_util::future::join_all((0..5).map(|_| server.get("u", "/api/cart"))).await;
    let written_by = "SELECT xmin::text::bigint FROM carts WHERE version = 1";
    let first = server.count(written_by).await;
    let cart = server.get("u", "/api/cart").await.ok(200);
    for look in looks {
        assert_eq!(look.ok(200), cart);
    }
    assert_eq!(server.count(written_by).await, first);
    assert_eq!(server.count("SELECT count(*) FROM carts").await, 1);
}

#[tokio::test]
async fn only_what_is_for_sale_gets_into_a_cart() {
    let server = Server::start().await;
    let withdrawn = server.shop.variant(100, 1).await;
    server
        .execute(&format!("UPDATE products SET is_active = false WHERE product_id = 'p-{withdrawn}'"))
        .await;
    server.put("u", &withdrawn, 1).await.refused(409, "variant_unavailable");
    for unknown in ["nothing", "%00", "%FF", "a%2Fb"] {
        server.put("u", unknown, 1).await.refused(404, "not_found");
    }
    assert_eq!(server.get("u", "/api/cart").await.ok(200)["version"], 1);
}

#[tokio::test]
async fn absurd_lines_are_refused() {
    let server = Server::start().await;
    let tea = server.shop.variant(100, 1).await;
    let path = format!("/api/cart/items/{tea}");
    for (body, field) in [
        (json!({"quantity": 0}), "quantity"),
        (json!({"quantity": -1}), "quantity"),
        (json!({"quantity": 1000}), "quantity"),
        (json!({"quantity": 1.5}), "quantity"),
        (json!({"quantity": "1"}), "quantity"),
        (json!({"quantity": 9_999_999_999_i64}), "quantity"),
        (json!({}), "quantity"),
        (json!({"quantity": 1, "price": 1}), "price"),
    ] {
        let request = server.request(Method::PUT, &path).bearer_auth(token("u")).json(&body);
        let problem = server.send(request).await.refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field, "{body}: {problem}");
    }
}

#[tokio::test]
async fn a_cart_has_a_hundred_lines_and_no_more() {
    let server = Server::start().await;
    let mut variants = Vec::new();
    for _ in 0..101 {
        variants.push(server.shop.variant(100, 2).await);
    }
    let lines: Vec<(&str, i32)> = variants[..100].iter().map(|id| (id.as_str(), 1)).collect();
    let cart = server.shop.cart(&lines).await;
    server.put(&cart.user_id, &variants[100], 1).await.refused(422, "validation_failed");
    server.put(&cart.user_id, &variants[0], 2).await.ok(200);
    let answer = server.pay_with(&cart.user_id, "k", &crate::server::order("esewa", 2)).await.ok(201);
    assert_eq!(answer["items"].as_array().unwrap().len(), 100);
    server.assert_no_violations().await;
}

#[tokio::test]
async fn parallel_first_writes_make_one_cart() {
    let server = Server::start().await;
    let tea = server.shop.variant(100, 1).await;
    let puts = futures_util::future::join_all((1..=8).map(|quantity| server.put("u", &tea, quantity))).await;
    for put in puts {
        put.ok(200);
    }
    let cart = server.get("u", "/api/cart").await.ok(200);
    assert_eq!((cart["version"].as_i64(), cart["items"].as_array().unwrap().len()), (Some(9), 1));
}
