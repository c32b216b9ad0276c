//! Many shoppers at once.

use std::collections::BTreeMap;

use futures_util::{StreamExt, future::join_all, stream};
use pipeline_tests::{Checkout, Provider, Shopper};

use crate::world::{UNIT_PRICE_MINOR, World, until};

const BUYERS: usize = 300;
const UNITS: i32 = 100;
/// Requests that are open at a time.
const SIDE_BY_SIDE: usize = 48;

#[tokio::test]
async fn three_hundred_buyers_of_a_hundred_units_buy_exactly_a_hundred() {
    let world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "60")]).await;
    let scarce = world.shop.variant(UNIT_PRICE_MINOR, UNITS).await;
    let buyers: Vec<Shopper> = stream::iter(0..BUYERS)
        .map(async |_| world.shopper_with(&[(&scarce, 1)]).await)
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await;
    let asked: Vec<_> = stream::iter(&buyers)
        .map(async |buyer| {
            let version = buyer.cart().await.unwrap()["version"].as_i64().unwrap();
            let answer = buyer.ask_for_intent(Provider::Esewa, version, "the-one").await.unwrap();
            (buyer, answer)
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await;
    let mut answers: BTreeMap<String, i32> = BTreeMap::new();
    let mut lucky = Vec::new();
    for (buyer, answer) in asked {
        if answer.status == 201 {
            lucky.push((buyer, Checkout::from_answer(Provider::Esewa, answer).unwrap()));
        } else {
            let line = &answer.json()["lines"][0];
            assert_eq!((&line["wanted"], &line["available"]), (&1.into(), &0.into()), "{}", answer.text);
            *answers.entry(format!("{} {}", answer.status.as_u16(), answer.code())).or_default() += 1;
        }
    }
    assert_eq!(answers, BTreeMap::from([("409 insufficient_stock".to_owned(), 200)]));
    assert_eq!(world.stock(&scarce).await, (0, UNITS, 0));

    stream::iter(&lucky)
        .for_each_concurrent(SIDE_BY_SIDE, async |(buyer, checkout)| {
            let answer = buyer.pay(checkout).await.unwrap();
            assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
        })
        .await;
    until("every paid intent is an order", async || {
        let orders = world.count("SELECT count(*) FROM orders").await;
        (orders == i64::from(UNITS)).then_some(())
    })
    .await;
    assert_eq!(world.stock(&scarce).await, (0, 0, UNITS));
    world.close().await;
}

#[tokio::test]
async fn carts_with_the_same_variants_in_different_order_never_meet_a_server_error() {
    let world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "60")]).await;
    let mut variants = Vec::new();
    for _ in 0..4 {
        variants.push(world.variant().await);
    }
    let mut buyers = Vec::new();
    for index in 0..32 {
        variants.rotate_left(1);
        if index % 2 == 1 {
            variants.reverse();
        }
        let lines: Vec<(&str, u32)> = variants.iter().map(|variant| (variant.as_str(), 2)).collect();
        buyers.push(world.shopper_with(&lines).await);
    }
    let bought = join_all(buyers.iter().zip(0..).map(async |(buyer, index)| {
        let checkout = buyer.checkout(Provider::ALL[index % 2]).await.unwrap();
        let answer = buyer.pay(&checkout).await.unwrap();
        assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
        checkout
    }));
    for (buyer, checkout) in buyers.iter().zip(bought.await) {
        world.await_client_status(buyer, &checkout, "confirmed").await;
    }
    for variant in &variants {
        assert_eq!(world.stock(variant).await, (936, 0, 64));
    }
    world.close().await;
}
