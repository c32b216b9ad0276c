use serde_json::json;

use crate::server::{Server, order};

#[tokio::test]
async fn a_newer_intent_takes_over_what_the_earlier_one_held() {
    let server = Server::start().await;
    let (tea, salt) = (server.shop.variant(10_000, 5).await, server.shop.variant(5_000, 3).await);
    let cart = server.shop.cart(&[(&tea, 4), (&salt, 1)]).await;
    let first = server.pay(&cart, "a", "esewa").await.ok(201);
    let version = format!("SELECT version FROM inventory WHERE variant_id = '{tea}'");
    let before = server.count(&version).await;

    // Four of five are held: five can only be had by giving those four back in the same update.
    server.put(&cart.user_id, &tea, 5).await.ok(200);
    let second = server.pay_with(&cart.user_id, "b", &order("khalti", 2)).await.ok(201);
    assert_ne!(first["payment_intent_id"], second["payment_intent_id"]);
    assert_eq!(server.count(&version).await, before + 1, "one update a variant");
    assert_eq!((server.shop.stock(&tea).await, server.shop.stock(&salt).await), ((0, 5, 0), (2, 1, 0)));

    // The same again moves no count at all, but both intents' movements are there.
    server.pay_with(&cart.user_id, "c", &order("esewa", 2)).await.ok(201);
    assert_eq!(server.count(&version).await, before + 1);
    let statuses =
        "SELECT count(*) FROM payment_intents WHERE status = 'superseded' AND reservation = 'released'";
    assert_eq!(server.count(statuses).await, 2);
    server.assert_no_violations().await;
}

#[tokio::test]
async fn a_variant_that_left_the_cart_is_given_back() {
    let server = Server::start().await;
    let (tea, salt) = (server.shop.variant(10_000, 5).await, server.shop.variant(5_000, 3).await);
    let cart = server.shop.cart(&[(&tea, 4)]).await;
    server.pay(&cart, "a", "esewa").await.ok(201);
    let path = format!("/api/cart/items/{tea}");
    let delete =
        server.request(reqwest::Method::DELETE, &path).bearer_auth(crate::server::token(&cart.user_id));
    server.send(delete).await.ok(200);
    server.put(&cart.user_id, &salt, 1).await.ok(200);
    server.pay_with(&cart.user_id, "b", &order("esewa", 3)).await.ok(201);
    assert_eq!((server.shop.stock(&tea).await, server.shop.stock(&salt).await), ((5, 0, 0), (2, 1, 0)));
    server.assert_no_violations().await;
}

#[tokio::test]
async fn a_refused_newer_intent_leaves_the_earlier_one_as_it_was() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 4)]).await;
    server.pay(&cart, "a", "esewa").await.ok(201);
    server.put(&cart.user_id, &tea, 6).await.ok(200);
    let short =
        server.pay_with(&cart.user_id, "b", &order("esewa", 2)).await.refused(409, "insufficient_stock");
    assert_eq!(
        (short["lines"][0]["wanted"].as_i64(), short["lines"][0]["available"].as_i64()),
        (Some(6), Some(5))
    );
    assert_eq!(
        server.count("SELECT count(*) FROM payment_intents WHERE status = 'awaiting_payment'").await,
        1
    );
    assert_eq!(server.shop.stock(&tea).await, (1, 4, 0));
    server.assert_no_violations().await;
}

#[tokio::test]
async fn a_cart_whose_payment_has_arrived_is_not_paid_again() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 4)]).await;
    let intent = server.shop.intent(test_support::factories::Provider::Esewa, &cart).await;
    server.shop.verify(&intent).await;
    let paid = server.pay(&cart, "b", "khalti").await.refused(409, "already_paid");
    assert_eq!(paid["payment_intent_id"], json!(intent.payment_intent_id));
    assert_eq!(server.shop.stock(&tea).await, (1, 4, 0));
    server.assert_no_violations().await;
}
