//! Carts that become orders.

use pipeline_tests::Provider;

use crate::world::World;

#[tokio::test]
async fn a_paid_cart_becomes_one_order_through_each_gateway() {
    let world = World::start().await;
    let (tea, bowl) = (world.variant().await, world.variant().await);
    for (bought_before, provider) in (0..).zip(Provider::ALL) {
        let shopper = world.shopper_with(&[(&tea, 2), (&bowl, 1)]).await;
        let checkout = shopper.checkout(provider).await.unwrap();
        let callback = shopper.pay(&checkout).await.unwrap();
        assert!(callback.status.is_success(), "{}", callback.text);
        world.await_client_status(&shopper, &checkout, "confirmed").await;

        let intent = world.intent(&checkout.payment_intent_id).await;
        assert_eq!((intent.reservation.as_str(), intent.orders), ("settled", 1));
        assert_eq!(shopper.cart().await.unwrap()["item_count"], 0);
        assert_eq!(world.stock(&tea).await, (998 - 2 * bought_before, 0, 2 + 2 * bought_before));
        let orders = shopper.send(shopper.request(reqwest::Method::GET, "/api/orders")).await.unwrap().json();
        let [order] = orders["orders"].as_array().unwrap().as_slice() else { panic!("{orders}") };
        assert_eq!(order["total_minor"], checkout.amount_minor);
        assert_eq!(order["items"].as_array().unwrap().len(), 2);
    }
    world.close().await;
}

#[tokio::test]
async fn a_payment_whose_callback_never_comes_is_found_by_asking() {
    let world = World::start().await;
    for provider in Provider::ALL {
        let (shopper, checkout) = world.checkout(provider).await;
        shopper.open_payment_page(&checkout).await.unwrap();
        shopper.at_gateway(&checkout, "pay").await.unwrap();
        world.await_client_status(&shopper, &checkout, "confirmed").await;
    }
    assert_eq!(world.count("SELECT count(*) FROM payment_callbacks").await, 0);
    world.close().await;
}

#[tokio::test]
async fn what_is_put_into_the_cart_after_the_intent_stays_there() {
    let world = World::start().await;
    let (tea, bowl) = (world.variant().await, world.variant().await);
    let shopper = world.shopper_with(&[(&tea, 2)]).await;
    let checkout = shopper.checkout(Provider::Esewa).await.unwrap();
    shopper.put_in_cart(&tea, 3).await.unwrap();
    shopper.put_in_cart(&bowl, 1).await.unwrap();
    shopper.pay(&checkout).await.unwrap();
    world.await_client_status(&shopper, &checkout, "confirmed").await;
    let cart = shopper.cart().await.unwrap();
    let left: Vec<_> = cart["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["variant_id"], &item["quantity"]))
        .collect();
    assert_eq!(left.len(), 2, "{cart}");
    assert!(left.contains(&(&tea.clone().into(), &1.into())), "{cart}");
    assert!(left.contains(&(&bowl.clone().into(), &1.into())), "{cart}");
    world.close().await;
}
