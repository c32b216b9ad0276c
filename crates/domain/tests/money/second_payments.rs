//! Money for a round that has its order, and money that comes when the stock is gone.

use test_support::factories::Provider;

use crate::world::World;

/// Two intents of one cart round, both really paid; the one that is superseded pays first.
async fn two_paid_for_one_round(older: Provider, newer: Provider) -> (World, [String; 2], Vec<String>) {
    let world = World::new().await;
    let variant = world.shop.variant(50_000, 5).await;
    let cart = world.shop.cart(&[(&variant, 1)]).await;
    let first = world.intent_for(older, &cart).await;
    world.shop.release(&first, "superseded").await;
    let second = world.intent_for(newer, &cart).await;
    for intent in [&first, &second] {
        world.act(intent, "pay").await;
        world.hear(intent).await;
    }
    world.finalize().await;
    let statuses = [world.shop.status(&first).await, world.shop.status(&second).await];
    assert_eq!(world.shop.stock(&variant).await, (4, 0, 1));
    let cases = world.cases(&second).await;
    world.database.assert_no_violations().await;
    (world, statuses, cases)
}

#[tokio::test]
async fn a_superseded_intent_paid_first_is_the_order_and_the_newer_payment_is_refunded() {
    let (world, statuses, cases) = two_paid_for_one_round(Provider::Esewa, Provider::Khalti).await;
    assert_eq!(statuses, ["completed", "refunding"]);
    assert!(cases.is_empty());
    world.run_refund().await;
    let refunded =
        "SELECT count(*) FROM payment_intents WHERE status = 'refunded' AND refunded_minor = amount_minor";
    assert_eq!(world.shop.client.query_one(refunded, &[]).await.unwrap().get::<_, i64>(0), 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_second_payment_through_esewa_is_a_case_because_esewa_has_no_refund_call() {
    let (_world, statuses, cases) = two_paid_for_one_round(Provider::Khalti, Provider::Esewa).await;
    assert_eq!(statuses, ["completed", "under_review"]);
    assert_eq!(cases, ["second_payment"]);
}

#[tokio::test]
async fn a_payment_after_its_round_was_ordered_is_refunded_though_stock_is_there() {
    let world = World::new().await;
    let variant = world.shop.variant(50_000, 5).await;
    let cart = world.shop.cart(&[(&variant, 1)]).await;
    let first = world.intent_for(Provider::Khalti, &cart).await;
    world.shop.release(&first, "superseded").await;
    let second = world.intent_for(Provider::Esewa, &cart).await;
    world.act(&second, "pay").await;
    world.hear(&second).await;
    world.finalize().await;

    // The cart is edited and bought again; then the very first payment arrives.
    world.shop.put(&cart, &variant, 2).await;
    let third = world.intent_for(Provider::Esewa, &cart).await;
    world.act(&first, "pay").await;
    world.hear(&first).await;
    world.finalize().await;
    world.run_refund().await;
    world.act(&third, "pay").await;
    world.hear(&third).await;
    world.finalize().await;

    let statuses = [&first, &second, &third].map(|intent| world.shop.status(intent));
    let statuses = futures_util::future::join_all(statuses).await;
    assert_eq!(statuses, ["refunded", "completed", "completed"]);
    assert_eq!(world.shop.stock(&variant).await, (2, 0, 3));
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn late_money_whose_stock_is_gone_goes_back_through_khalti_and_to_a_person_through_esewa() {
    let world = World::new().await;
    let khalti = world.late_without_stock(Provider::Khalti).await;
    assert_eq!(world.shop.status(&khalti.intent).await, "refunding");
    assert!(world.cases(&khalti.intent).await.is_empty());
    assert_eq!(world.refunds(&khalti.intent).await, ["requested 50000"]);

    let esewa = world.late_without_stock(Provider::Esewa).await;
    assert_eq!(world.shop.status(&esewa.intent).await, "under_review");
    assert_eq!(world.cases(&esewa.intent).await, ["late_payment"]);
    assert!(world.refunds(&esewa.intent).await.is_empty());
    let jobs = "SELECT count(*) FROM job_queue WHERE job_type = 'refund_payment'";
    assert_eq!(world.shop.client.query_one(jobs, &[]).await.unwrap().get::<_, i64>(0), 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn late_money_whose_stock_can_be_had_again_is_an_order() {
    let world = World::new().await;
    let sale = world.intent(Provider::Khalti).await;
    world.shop.release(&sale.intent, "expired").await;
    world.act(&sale.intent, "pay").await;
    world.hear(&sale.intent).await;
    world.finalize().await;
    assert_eq!(world.shop.status(&sale.intent).await, "completed");
    assert_eq!(world.shop.stock(&sale.variant).await, (0, 0, 1));
    world.database.assert_no_violations().await;
}
