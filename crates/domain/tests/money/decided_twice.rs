//! What the gateway says after an operator has decided: the same is no news, another answer is.

use domain::payments::status::IntentStatus;
use test_support::factories::Provider;

use crate::world::World;

#[tokio::test]
async fn dismissed_as_undecided_and_then_paid_becomes_an_order() {
    let world = World::new().await;
    let sale = world.intent(Provider::Esewa).await;
    world.hear_with(&sale.intent, &world.impatient()).await;
    world.dismiss(&sale.intent).await.unwrap();
    assert_eq!(world.shop.status(&sale.intent).await, "failed");
    world.hear_with(&sale.intent, &world.impatient()).await;
    assert_eq!(world.shop.status(&sale.intent).await, "failed");

    world.act(&sale.intent, "pay").await;
    world.hear(&sale.intent).await;
    world.finalize().await;
    assert_eq!(world.shop.status(&sale.intent).await, "completed");
    assert_eq!(world.cases(&sale.intent).await, ["undecided: dismissed"]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn the_answer_a_case_was_dismissed_on_does_not_open_it_again_and_another_one_does() {
    let world = World::new().await;
    let sale = world.intent(Provider::Khalti).await;
    world.act(&sale.intent, "pay").await;
    world.modes(&sale.intent, &["answer_wrong_amount"]).await;
    world.hear(&sale.intent).await;
    world.dismiss(&sale.intent).await.unwrap();
    let recorded = world.hear(&sale.intent).await;
    assert_eq!(recorded.status, IntentStatus::Failed);
    assert_eq!(world.cases(&sale.intent).await, ["amount_mismatch: dismissed"]);

    world.modes(&sale.intent, &["says_unknown_word"]).await;
    world.hear(&sale.intent).await;
    assert_eq!(world.shop.status(&sale.intent).await, "under_review");
    assert_eq!(world.cases(&sale.intent).await, ["amount_mismatch: dismissed", "unknown_status"]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_payment_that_was_dismissed_is_not_verified_again_by_the_next_question() {
    let world = World::new().await;
    let sale = world.late_without_stock(Provider::Esewa).await;
    world.dismiss(&sale.intent).await.unwrap();
    for _ in 0..2 {
        world.hear(&sale.intent).await;
        world.finalize().await;
    }
    assert_eq!(world.shop.status(&sale.intent).await, "failed");
    assert_eq!(world.cases(&sale.intent).await, ["late_payment: dismissed"]);

    world.act(&sale.intent, "refund").await;
    world.hear(&sale.intent).await;
    assert_eq!(world.shop.status(&sale.intent).await, "refunded");
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn an_oddity_that_an_operator_refunds_does_not_stop_its_refund() {
    let world = World::new().await;
    let sale = world.intent(Provider::Khalti).await;
    world.act(&sale.intent, "pay").await;
    world.modes(&sale.intent, &["answer_wrong_amount"]).await;
    world.hear(&sale.intent).await;
    world.refund(&sale.intent).await.unwrap();
    assert_eq!(world.refunds(&sale.intent).await, ["requested 49900"]);
    world.run_refund().await;
    assert_eq!(world.shop.status(&sale.intent).await, "refunded");
    assert_eq!(world.refunds_made(&sale.intent).await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn an_order_that_an_operator_let_stand_is_not_questioned_again_by_the_same_answer() {
    let world = World::new().await;
    let sale = world.completed(Provider::Esewa).await;
    world.act(&sale.intent, "reverse").await;
    world.hear(&sale.intent).await;
    world.fulfil(&sale.intent).await.unwrap();
    world.hear(&sale.intent).await;
    assert_eq!(world.shop.status(&sale.intent).await, "completed");
    assert_eq!(world.cases(&sale.intent).await, ["reversed: fulfilled"]);
    world.database.assert_no_violations().await;
}
