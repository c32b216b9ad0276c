use std::time::Duration;

use futures_util::{StreamExt, stream};
use test_support::factories::Cart;

use crate::server::{Answer, Server, order};

/// Attempts of a buyer who is told to come back.
const ATTEMPTS_MAX: usize = 20;

/// What a storefront does: on 503 it tries again with the same key.
async fn pay_patiently(server: &Server, cart: &Cart) -> Answer {
    for _ in 1..ATTEMPTS_MAX {
        let answer = server.pay(cart, "k", "esewa").await;
        if answer.status.as_u16() != 503 {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.pay(cart, "k", "esewa").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_buyers_of_a_hundred_units_hold_a_hundred() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 100).await;
    let mut carts = Vec::new();
    for _ in 0..300 {
        carts.push(server.shop.cart(&[(&tea, 1)]).await);
    }
    let answers: Vec<Answer> =
        stream::iter(&carts).map(|cart| pay_patiently(&server, cart)).buffer_unordered(300).collect().await;
    let made = answers.iter().filter(|answer| answer.status.as_u16() == 201).count();
    assert_eq!(made, 100);
    for answer in answers.iter().filter(|answer| answer.status.as_u16() != 201) {
        answer.refused(409, "insufficient_stock");
    }
    assert_eq!(server.shop.stock(&tea).await, (0, 100, 0));
    server.assert_no_violations().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_units_that_are_being_given_back_gets_them() {
    let server = Server::start().await;
    let (tea, salt) = (server.shop.variant(10_000, 0).await, server.shop.variant(5_000, 1).await);
    let cart = server.shop.cart(&[(&salt, 1)]).await;
    // A cart with an open intent is served alone, which locks the counts before it judges them.
    server.pay(&cart, "earlier", "esewa").await.ok(201);
    server.put(&cart.user_id, &tea, 3).await.ok(200);
    let keeper = server.client().await;
    keeper.batch_execute(&format!("BEGIN; SELECT set_stock('{tea}', 5, 'delivered')")).await.unwrap();
    let commit = async {
        server.await_one_behind_a_lock().await;
        keeper.batch_execute("COMMIT").await.unwrap();
    };
    let again = order("esewa", 2);
    let (answer, ()) = tokio::join!(server.pay_with(&cart.user_id, "k", &again), commit);
    answer.ok(201);
    assert_eq!(server.shop.stock(&tea).await, (2, 3, 0));
    server.assert_no_violations().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carts_with_the_same_variants_in_different_order_never_fail() {
    let server = Server::start().await;
    let mut variants = Vec::new();
    for _ in 0..4 {
        variants.push(server.shop.variant(1_000, 10_000).await);
    }
    let mut carts = Vec::new();
    for turn in 0..40 {
        let mut lines: Vec<(&str, i32)> = variants.iter().map(|id| (id.as_str(), 1)).collect();
        lines.rotate_left(turn % 4);
        if turn % 2 == 0 {
            lines.reverse();
        }
        carts.push(server.shop.cart(&lines).await);
    }
    // Each shopper pays three times over, so that reserving and giving back cross each other as well.
    for key in ["a", "b", "c"] {
        let answers: Vec<Answer> = stream::iter(&carts)
            .map(|cart| server.pay(cart, key, "esewa"))
            .buffer_unordered(20)
            .collect()
            .await;
        for answer in answers {
            answer.ok(201);
        }
    }
    for variant in &variants {
        assert_eq!(server.shop.stock(variant).await, (9_960, 40, 0));
    }
    let again = "SELECT count(*) FROM pg_stat_database WHERE datname = current_database() AND deadlocks > 0";
    assert_eq!(server.count(again).await, 0);
    server.assert_no_violations().await;
}
