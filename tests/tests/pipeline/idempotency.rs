//! The same wish, said more than once.

use futures_util::future::join_all;
use pipeline_tests::{Checkout, Provider};

use crate::world::World;

#[tokio::test]
async fn the_same_key_in_parallel_makes_one_intent_and_one_answer() {
    let world = World::start().await;
    for provider in Provider::ALL {
        let variant = world.variant().await;
        let shopper = world.shopper_with(&[(&variant, 2)]).await;
        let version = shopper.cart().await.unwrap()["version"].as_i64().unwrap();
        let asked = join_all((0..20).map(|_| shopper.ask_for_intent(provider, version, "once"))).await;
        let first = shopper.ask_for_intent(provider, version, "once").await.unwrap();
        assert_eq!(first.status, 201, "{}", first.text);
        for answer in asked {
            let answer = answer.unwrap();
            match answer.status.as_u16() {
                201 => assert_eq!(answer.text, first.text),
                409 => {
                    assert_eq!(answer.code(), "request_in_progress", "{}", answer.text);
                    assert!(answer.headers.contains_key("retry-after"));
                }
                _ => panic!("{} {}", answer.status, answer.text),
            }
        }
        assert_eq!(world.stock(&variant).await, (998, 2, 0));
        let other = shopper.ask_for_intent(provider, version + 1, "once").await.unwrap();
        assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency_key_reused"));

        let checkout = Checkout::from_answer(provider, first.clone()).unwrap();
        shopper.pay(&checkout).await.unwrap();
        world.await_client_status(&shopper, &checkout, "confirmed").await;
        let after = shopper.ask_for_intent(provider, version, "once").await.unwrap();
        assert_eq!((after.status.as_u16(), after.text), (201, first.text));
    }
    assert_eq!(world.count("SELECT count(*) FROM payment_intents").await, 2);
    world.close().await;
}

#[tokio::test]
async fn a_key_belongs_to_its_shopper() {
    let world = World::start().await;
    let variant = world.variant().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let shopper = world.shopper_with(&[(&variant, 1)]).await;
        let version = shopper.cart().await.unwrap()["version"].as_i64().unwrap();
        let answer = shopper.ask_for_intent(Provider::Esewa, version, "mine").await.unwrap();
        ids.push(Checkout::from_answer(Provider::Esewa, answer).unwrap().payment_intent_id);
    }
    assert_ne!(ids[0], ids[1]);
    world.close().await;
}
