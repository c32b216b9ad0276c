//! More than one of everything.

use futures_util::future::join_all;
use pipeline_tests::Provider;

use crate::world::World;

#[tokio::test]
async fn two_replicas_of_every_service_share_the_work_and_do_it_once() {
    let world = World::start().await;
    let replica = world.pipeline.start_beside().await.unwrap();
    let variant = world.variant().await;
    let mut bought = Vec::new();
    for index in 0..12 {
        let shopper = world.shopper_with(&[(&variant, 1)]).await;
        // The cart was filled at one replica of checkout-api; the intent is made at the other.
        let elsewhere = replica.shopper(shopper.user_id()).await.unwrap();
        let checkout = elsewhere.checkout(Provider::ALL[index % 2]).await.unwrap();
        bought.push((shopper, checkout));
    }
    let (here, there) = (
        world.pipeline.callback_url(),
        format!("http://{}", replica.address(pipeline_tests::Program::PaymentCallback).unwrap()),
    );
    join_all(bought.iter().map(async |(shopper, checkout)| {
        shopper.open_payment_page(checkout).await.unwrap();
        let redirects = shopper.at_gateway(checkout, "pay").await.unwrap();
        // One browser comes back twice, to two replicas, at the same time.
        let mirrored = redirects[0].replace(&here, &there);
        assert_ne!(mirrored, redirects[0]);
        let (one, other) = tokio::join!(shopper.follow(&redirects[0]), shopper.follow(&mirrored));
        assert!(one.unwrap().status.is_success() && other.unwrap().status.is_success());
    }))
    .await;
    for (shopper, checkout) in &bought {
        world.await_client_status(shopper, checkout, "confirmed").await;
        assert_eq!(world.intent(&checkout.payment_intent_id).await.orders, 1);
    }
    assert_eq!(world.stock(&variant).await, (988, 0, 12));
    replica.stop().await.unwrap();
    world.close().await;
}
