//! Money that comes when its intent is no longer waited for.

use pipeline_tests::Provider;

use crate::world::World;

#[tokio::test]
async fn a_payment_after_expiry_becomes_an_order_while_the_stock_is_there() {
    let world = World::start_with(&[("CHECKOUT__INTENT_TTL_SECONDS", "1")]).await;
    for provider in Provider::ALL {
        let variant = world.variant().await;
        let shopper = world.shopper_with(&[(&variant, 3)]).await;
        let checkout = shopper.checkout(provider).await.unwrap();
        shopper.open_payment_page(&checkout).await.unwrap();
        let expired = world.await_intent(&checkout, "expired").await;
        assert_eq!(expired.reservation, "released");
        assert_eq!(world.stock(&variant).await, (1_000, 0, 0));

        let redirects = shopper.at_gateway(&checkout, "pay").await.unwrap();
        shopper.follow(&redirects[0]).await.unwrap();
        world.await_client_status(&shopper, &checkout, "confirmed").await;
        assert_eq!(world.stock(&variant).await, (997, 0, 3));
    }
    world.close().await;
}

#[tokio::test]
async fn a_payment_after_expiry_without_stock_is_refunded_and_sells_nothing_twice() {
    let world = World::start_with(&[("CHECKOUT__INTENT_TTL_SECONDS", "1")]).await;
    let last = world.shop.variant(150_000, 1).await;
    let slow = world.shopper_with(&[(&last, 1)]).await;
    let late = slow.checkout(Provider::Khalti).await.unwrap();
    slow.open_payment_page(&late).await.unwrap();
    world.await_intent(&late, "expired").await;

    let quick = world.shopper_with(&[(&last, 1)]).await;
    let sold = quick.checkout(Provider::Esewa).await.unwrap();
    quick.pay(&sold).await.unwrap();
    world.await_client_status(&quick, &sold, "confirmed").await;

    slow.at_gateway(&late, "pay").await.unwrap();
    world.await_client_status(&slow, &late, "refunded").await;
    let intent = world.intent(&late.payment_intent_id).await;
    assert_eq!((intent.orders, intent.open_case), (0, None));
    let payment = world.pipeline.sandbox().payment(&late).await.unwrap();
    assert_eq!(payment["refunded_minor"], payment["paid_minor"]);
    assert_eq!(world.stock(&last).await, (0, 0, 1));
    world.close().await;
}

#[tokio::test]
async fn a_superseded_intent_that_is_paid_becomes_the_order_and_its_successor_ends() {
    let world = World::start().await;
    let variant = world.variant().await;
    let shopper = world.shopper_with(&[(&variant, 2)]).await;
    let first = shopper.checkout(Provider::Esewa).await.unwrap();
    shopper.open_payment_page(&first).await.unwrap();
    let second = shopper.checkout(Provider::Khalti).await.unwrap();
    assert_eq!(world.intent(&first.payment_intent_id).await.status, "superseded");
    assert_eq!(world.stock(&variant).await, (998, 2, 0));

    let redirects = shopper.at_gateway(&first, "pay").await.unwrap();
    shopper.follow(&redirects[0]).await.unwrap();
    world.await_client_status(&shopper, &first, "confirmed").await;
    assert_eq!(world.intent(&second.payment_intent_id).await.status, "superseded");
    assert_eq!(world.stock(&variant).await, (998, 0, 2));
    world.close().await;
}

#[tokio::test]
async fn two_paid_intents_of_one_cart_round_give_one_order_and_a_refund_or_a_case() {
    let world = World::start().await;
    let variant = world.variant().await;
    let shopper = world.shopper_with(&[(&variant, 1)]).await;
    let first = shopper.checkout(Provider::Esewa).await.unwrap();
    shopper.open_payment_page(&first).await.unwrap();
    let second = shopper.checkout(Provider::Khalti).await.unwrap();
    shopper.open_payment_page(&second).await.unwrap();
    let mut returns = Vec::new();
    for checkout in [&first, &second] {
        returns.extend(shopper.at_gateway(checkout, "pay").await.unwrap());
    }
    let (one, other) = tokio::join!(shopper.follow(&returns[0]), shopper.follow(&returns[1]));
    assert!(one.unwrap().status.is_success() && other.unwrap().status.is_success());

    let mut ends = Vec::new();
    for checkout in [&first, &second] {
        let id = checkout.payment_intent_id.clone();
        let decided = crate::world::until("both payments have their outcome", async || {
            let intent = world.intent(&id).await;
            ["completed", "under_review", "refunded"].contains(&intent.status.as_str()).then_some(intent)
        });
        let intent = decided.await;
        ends.push((intent.status, intent.orders, intent.open_case));
    }
    ends.sort();
    let order = ("completed".to_owned(), 1, None);
    // Khalti can be asked to refund; what comes second through eSewa is shown to a person.
    let case = ("under_review".to_owned(), 0, Some("second_payment".to_owned()));
    let refund = ("refunded".to_owned(), 0, None);
    assert!(ends == [order.clone(), case] || ends == [order, refund], "{ends:?}");
    assert_eq!(world.stock(&variant).await, (999, 0, 1));
    world.close().await;
}

#[tokio::test]
async fn a_paid_cart_takes_no_second_intent_before_it_is_an_order() {
    let mut world = World::start().await;
    world.pipeline.terminate(pipeline_tests::Program::OrderWorker(0)).await.unwrap();
    let (shopper, checkout) = world.checkout(Provider::Khalti).await;
    shopper.pay(&checkout).await.unwrap();
    world.await_client_status(&shopper, &checkout, "paid").await;
    let version = shopper.cart().await.unwrap()["version"].as_i64().unwrap();
    let refused = shopper.ask_for_intent(Provider::Esewa, version, "another-try").await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "already_paid"));
    assert_eq!(refused.json()["payment_intent_id"], checkout.payment_intent_id.as_str());
    world.pipeline.restart(pipeline_tests::Program::OrderWorker(0)).await.unwrap();
    world.await_client_status(&shopper, &checkout, "confirmed").await;
    world.close().await;
}
