use reqwest::Method;
use serde_json::Value;

use crate::server::Server;

async fn page(server: &Server, query: &str) -> Value {
    server.send(server.request(Method::GET, &format!("/api/products{query}"))).await.ok(200)
}

#[tokio::test]
async fn everybody_sees_what_is_for_sale_page_by_page() {
    let server = Server::start().await;
    for price in [100, 200, 300] {
        server.shop.variant(price, 7).await;
    }
    let all = page(&server, "").await;
    assert_eq!(all["products"].as_array().unwrap().len(), 3);
    assert!(all.get("next_cursor").is_none());
    let variant = &all["products"][0]["variants"][0];
    assert_eq!((variant["currency"].as_str(), variant["available"].as_i64()), (Some("NPR"), Some(7)));

    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    for _ in 0..2 {
        let page = page(&server, &query).await;
        seen.extend(page["products"].as_array().unwrap().iter().cloned());
        query = format!("?limit=2&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
    }
    assert_eq!(Value::from(seen), all["products"]);
}

#[tokio::test]
async fn what_is_inactive_is_not_listed() {
    let server = Server::start().await;
    let (sold, withdrawn, of_withdrawn_product) = (
        server.shop.variant(100, 1).await,
        server.shop.variant(100, 1).await,
        server.shop.variant(100, 1).await,
    );
    server
        .execute(&format!("UPDATE product_variants SET is_active = false WHERE variant_id = '{withdrawn}'"))
        .await;
    server
        .execute(&format!(
            "UPDATE products SET is_active = false WHERE product_id = 'p-{of_withdrawn_product}'"
        ))
        .await;
    let listed = page(&server, "").await;
    assert_eq!(listed["products"].as_array().unwrap().len(), 1);
    assert_eq!(listed["products"][0]["variants"][0]["variant_id"], *sold);
}

#[tokio::test]
async fn absurd_pages_are_refused_by_field() {
    let server = Server::start().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=%00", "cursor"),
        ("page=2", "page"),
    ] {
        let answer = server.send(server.request(Method::GET, &format!("/api/products?{query}"))).await;
        let problem = answer.refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }
}
