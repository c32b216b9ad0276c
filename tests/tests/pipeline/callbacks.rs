//! Returns that come too often.

use futures_util::future::join_all;
use pipeline_tests::Provider;

use crate::world::World;

const DELIVERIES: usize = 50;

#[tokio::test]
async fn the_same_callback_fifty_times_in_parallel_gives_one_order() {
    let world = World::start().await;
    for provider in Provider::ALL {
        let (shopper, checkout) = world.checkout(provider).await;
        shopper.open_payment_page(&checkout).await.unwrap();
        let redirects = shopper.at_gateway(&checkout, "pay").await.unwrap();
        let answers = join_all((0..DELIVERIES).map(|_| shopper.follow(&redirects[0]))).await;
        for answer in answers {
            let answer = answer.unwrap();
            assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
            assert_eq!(answer.json()["payment_intent_id"], checkout.payment_intent_id.as_str());
        }
        world.await_client_status(&shopper, &checkout, "confirmed").await;
        let intent = world.intent(&checkout.payment_intent_id).await;
        assert_eq!((intent.orders, intent.open_case), (1, None));
        let again = shopper.follow(&redirects[0]).await.unwrap();
        assert_eq!(again.json()["status"], "confirmed", "{}", again.text);
    }
    let stored = world.count("SELECT count(*) FROM payment_callbacks").await;
    assert_eq!(usize::try_from(stored).unwrap(), 2 * (DELIVERIES + 1));
    world.close().await;
}

#[tokio::test]
async fn a_prefetch_and_a_head_change_nothing() {
    let world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "3600")]).await;
    let (shopper, checkout) = world.checkout(Provider::Khalti).await;
    shopper.open_payment_page(&checkout).await.unwrap();
    let redirects = shopper.at_gateway(&checkout, "pay").await.unwrap();
    let http = world.pipeline.http();
    let prefetched = http.get(&redirects[0]).header("Sec-Purpose", "prefetch").send().await.unwrap();
    assert!(!prefetched.status().is_server_error());
    let headed = http.head(&redirects[0]).send().await.unwrap();
    assert!(!headed.status().is_server_error());
    assert_eq!(world.count("SELECT count(*) FROM payment_callbacks").await, 0);
    assert_eq!(world.pipeline.sandbox().payment(&checkout).await.unwrap()["questions"], 0);
    shopper.follow(&redirects[0]).await.unwrap();
    world.await_client_status(&shopper, &checkout, "confirmed").await;
    world.close().await;
}
