//! What an operator may decide: done once, harmless when repeated, refused where it would break a law.

use domain::{payments::status::IntentStatus, review::ResolveError};
use test_support::factories::Provider;

use crate::world::{PRICE_MINOR, Sale, World, decision};

/// An order's payment that the gateway now gives an odd word for.
async fn questioned_order(world: &World, provider: Provider) -> Sale {
    let sale = world.completed(provider).await;
    world.modes(&sale.intent, &["says_unknown_word"]).await;
    world.hear(&sale.intent).await;
    world.modes(&sale.intent, &[]).await;
    assert_eq!(world.cases(&sale.intent).await, ["unknown_status"]);
    sale
}

macro_rules! assert_refused {
    ($world:expr, $decided:expr, $law:pat) => {{
        let before = $world.everything().await;
        let refused = $decided.await;
        assert!(matches!(refused, Err($law)), "{refused:?}");
        assert_eq!($world.everything().await, before);
    }};
}

#[tokio::test]
async fn fulfil_holds_the_stock_again_and_the_worker_makes_the_order() {
    let world = World::new().await;
    let sale = world.late_without_stock(Provider::Esewa).await;
    world.set_stock(&sale.variant, 3).await;
    let resolved = world.fulfil(&sale.intent).await.unwrap();
    assert!(resolved.job_is_owed && !resolved.is_repetition);
    assert_eq!(world.shop.stock(&sale.variant).await, (2, 1, 0));
    let before = world.everything().await;
    assert!(world.fulfil(&sale.intent).await.unwrap().is_repetition);
    assert_eq!(world.everything().await, before);

    world.finalize().await;
    assert_eq!(world.shop.status(&sale.intent).await, "completed");
    assert_eq!(world.shop.stock(&sale.variant).await, (2, 0, 1));
    assert_eq!(world.cases(&sale.intent).await, ["late_payment: fulfilled"]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn fulfil_is_refused_without_stock_without_a_round_without_payment_and_for_a_wrong_amount() {
    let world = World::new().await;
    let late = world.late_without_stock(Provider::Esewa).await;
    assert_refused!(world, world.fulfil(&late.intent), ResolveError::StockIsShort(_));

    let odd = world.under_review(Provider::Khalti).await;
    assert_refused!(
        world,
        world.fulfil(&odd.intent),
        ResolveError::NotPaidInFull { paid_minor: 49_900, amount_minor: PRICE_MINOR }
    );

    let undecided = world.intent(Provider::Esewa).await;
    world.hear_with(&undecided.intent, &world.impatient()).await;
    assert_refused!(world, world.fulfil(&undecided.intent), ResolveError::NotPaid);

    let cart_taken = world.late_without_stock(Provider::Esewa).await;
    world.set_stock(&cart_taken.variant, 5).await;
    let other = world.intent_for(Provider::Esewa, &cart_taken.cart).await;
    world.act(&other, "pay").await;
    world.hear(&other).await;
    world.finalize().await;
    assert_refused!(world, world.fulfil(&cart_taken.intent), ResolveError::RoundHasAnOrder);

    let on_its_way = world.refunding().await;
    assert_refused!(
        world,
        world.fulfil(&on_its_way.intent),
        ResolveError::NoOpenCase(IntentStatus::Refunding)
    );
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn fulfil_lets_an_order_stand() {
    let world = World::new().await;
    let sale = questioned_order(&world, Provider::Khalti).await;
    assert_eq!(world.fulfil(&sale.intent).await.unwrap().status, IntentStatus::Completed);
    world.finalize().await;
    assert_eq!(world.cases(&sale.intent).await, ["unknown_status: fulfilled"]);

    // A refund of an order that the gateway refuses: the order is still there and may stand.
    let sale = questioned_order(&world, Provider::Khalti).await;
    world.refund(&sale.intent).await.unwrap();
    world.modes(&sale.intent, &["refund_refused"]).await;
    world.run_refund().await;
    assert_eq!(world.shop.status(&sale.intent).await, "under_review");
    assert_refused!(world, world.dismiss(&sale.intent), ResolveError::HasAnOrder);
    assert_eq!(world.fulfil(&sale.intent).await.unwrap().status, IntentStatus::Completed);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn refund_sends_an_orders_payment_back_and_repeating_it_changes_nothing() {
    let world = World::new().await;
    let sale = questioned_order(&world, Provider::Khalti).await;
    assert_eq!(world.refund(&sale.intent).await.unwrap().status, IntentStatus::Refunding);
    let before = world.everything().await;
    assert!(world.refund(&sale.intent).await.unwrap().is_repetition);
    assert_eq!(world.everything().await, before);
    world.run_refund().await;
    assert_eq!(world.shop.status(&sale.intent).await, "refunded");
    let order = "SELECT status FROM orders WHERE payment_intent_id = $1";
    assert_eq!(world.text(order, &sale.intent).await, "refunded");
    assert_eq!(world.refunds_made(&sale.intent).await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn refund_is_refused_where_the_gateway_has_no_call_and_where_nothing_was_paid() {
    let world = World::new().await;
    let esewa = world.late_without_stock(Provider::Esewa).await;
    assert_refused!(world, world.refund(&esewa.intent), ResolveError::GatewayHasNoRefundCall(_));

    let undecided = world.intent(Provider::Khalti).await;
    world.hear_with(&undecided.intent, &world.impatient()).await;
    assert_refused!(world, world.refund(&undecided.intent), ResolveError::NotPaid);

    let twice = world.paid(Provider::Khalti).await;
    world.act(&twice.intent, "pay_twice").await;
    world.hear(&twice.intent).await;
    assert_eq!(world.cases(&twice.intent).await, ["second_payment"]);
    assert_refused!(world, world.refund(&twice.intent), ResolveError::SeveralTransactions(2));
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn an_operator_may_ask_again_for_a_refund_that_no_lookup_has_shown() {
    let world = World::new().await;
    let sale = world.refunding().await;
    world.modes(&sale.intent, &["refund_times_out_undone"]).await;
    let late = domain::payments::verify::Questions { policy: world.impatient(), ..world.questions.clone() };
    world.run_refund_with(&late).await;
    assert_eq!(world.cases(&sale.intent).await, ["refund_failed"]);
    world.modes(&sale.intent, &[]).await;
    assert_refused!(world, world.fulfil(&sale.intent), ResolveError::RefundUnderWay);
    assert_refused!(world, world.dismiss(&sale.intent), ResolveError::RefundUnderWay);

    world.refund(&sale.intent).await.unwrap();
    assert_eq!(world.refunds(&sale.intent).await, ["failed 50000", "requested 50000"]);
    world.run_refund().await;
    assert_eq!(world.refunds(&sale.intent).await, ["failed 50000", "succeeded 50000"]);
    assert_eq!(world.refunds_made(&sale.intent).await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn refunded_by_hand_counts_towards_what_was_paid_until_all_of_it_is_back() {
    let world = World::new().await;
    let sale = world.late_without_stock(Provider::Esewa).await;
    let part = world.refunded_by_hand(&sale.intent, "ESW-1", 20_000).await.unwrap();
    assert!(part.case_is_open);
    assert_eq!(part.status, IntentStatus::UnderReview);
    let before = world.everything().await;
    assert!(world.refunded_by_hand(&sale.intent, "ESW-1", 20_000).await.unwrap().is_repetition);
    assert_eq!(world.everything().await, before);

    assert_refused!(
        world,
        world.refunded_by_hand(&sale.intent, "ESW-2", 30_001),
        ResolveError::MoreThanWasPaid { left_minor: 30_000 }
    );
    assert_refused!(
        world,
        world.refunded_by_hand(&sale.intent, "ESW-1", 30_000),
        ResolveError::PortalReferenceUsed { amount_minor: 20_000, .. }
    );
    assert_refused!(world, world.fulfil(&sale.intent), ResolveError::HasGoneBack);
    assert_refused!(world, world.refunded_by_hand(&sale.intent, " ", 30_000), ResolveError::Unusable(_));
    assert_refused!(world, world.refunded_by_hand(&sale.intent, "ESW-3", 0), ResolveError::Unusable(_));

    let whole = world.refunded_by_hand(&sale.intent, "ESW-2", 30_000).await.unwrap();
    assert_eq!((whole.status, whole.case_is_open), (IntentStatus::Refunded, false));
    assert!(world.refunded_by_hand(&sale.intent, "ESW-2", 30_000).await.unwrap().is_repetition);
    assert_refused!(
        world,
        world.refunded_by_hand(&sale.intent, "ESW-4", 1),
        ResolveError::NoOpenCase(IntentStatus::Refunded)
    );
    assert_eq!(world.refunds(&sale.intent).await, ["succeeded 20000", "succeeded 30000"]);
    assert_eq!(world.cases(&sale.intent).await, ["late_payment: refunded_by_hand"]);
    world.act(&sale.intent, "refund").await;
    world.hear(&sale.intent).await;
    assert_eq!(world.refunds(&sale.intent).await.len(), 2);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn refunded_by_hand_replaces_a_call_that_brought_nothing_and_refunds_the_order() {
    let world = World::new().await;
    let sale = questioned_order(&world, Provider::Khalti).await;
    world.refund(&sale.intent).await.unwrap();
    world.modes(&sale.intent, &["refund_times_out_undone"]).await;
    let late = domain::payments::verify::Questions { policy: world.impatient(), ..world.questions.clone() };
    world.run_refund_with(&late).await;
    world.refunded_by_hand(&sale.intent, "KH-1", PRICE_MINOR).await.unwrap();
    assert_eq!(world.refunds(&sale.intent).await, ["failed 50000", "succeeded 50000"]);
    let order = "SELECT status FROM orders WHERE payment_intent_id = $1";
    assert_eq!(world.text(order, &sale.intent).await, "refunded");
    assert_eq!(
        world.run_refund().await,
        domain::refunds::RefundRun::Ended(IntentStatus::Refunded),
        "the job that is left ends without a call"
    );
    assert_eq!(world.refunds_made(&sale.intent).await, 0);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn dismiss_fails_an_intent_under_review_and_leaves_an_order_alone() {
    let world = World::new().await;
    let late = world.late_without_stock(Provider::Esewa).await;
    assert_eq!(world.dismiss(&late.intent).await.unwrap().status, IntentStatus::Failed);
    let before = world.everything().await;
    assert!(world.dismiss(&late.intent).await.unwrap().is_repetition);
    assert_eq!(world.everything().await, before);
    assert_refused!(
        world,
        world.refunded_by_hand(&late.intent, "E-1", 1),
        ResolveError::ResolvedBefore { .. }
    );
    assert_refused!(world, world.fulfil(&late.intent), ResolveError::ResolvedBefore { .. });

    let order = questioned_order(&world, Provider::Esewa).await;
    assert_eq!(world.dismiss(&order.intent).await.unwrap().status, IntentStatus::Completed);
    assert_eq!(world.cases(&order.intent).await, ["unknown_status: dismissed"]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_verified_payment_whose_job_failed_may_be_fulfilled_or_refunded_but_not_dismissed() {
    let world = World::new().await;
    let open =
        "WITH failed AS (UPDATE job_queue SET status = 'failed', failed_at = now(), last_error = 'broken'
                       WHERE idempotency_key = 'finalize_order:' || $1 AND status = 'pending')
        INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ($1, 'job_failed', '[]')";
    let sale = world.paid(Provider::Esewa).await;
    world.shop.client.execute(open, &[&sale.intent.payment_intent_id]).await.unwrap();
    assert_refused!(world, world.dismiss(&sale.intent), ResolveError::StatusForbids(IntentStatus::Verified));
    world.fulfil(&sale.intent).await.unwrap();
    world.finalize().await;
    assert_eq!(world.shop.status(&sale.intent).await, "completed");

    let sale = world.paid(Provider::Khalti).await;
    world.shop.client.execute(open, &[&sale.intent.payment_intent_id]).await.unwrap();
    world.refund(&sale.intent).await.unwrap();
    assert_eq!(world.shop.stock(&sale.variant).await, (1, 0, 0));
    world.run_refund().await;
    assert_eq!(world.shop.status(&sale.intent).await, "refunded");
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn every_decision_is_audited_with_operator_reason_before_and_after() {
    let world = World::new().await;
    let sale = world.late_without_stock(Provider::Esewa).await;
    world.dismiss(&sale.intent).await.unwrap();
    let audit = "SELECT format('%s %s: %s, %s -> %s', operator, action, reason, before ->> 'status', after ->> 'status')
        FROM admin_audit_log WHERE subject = $1";
    assert_eq!(
        world.text(audit, &sale.intent).await,
        "hari dismissed: the shopper called, under_review -> failed"
    );
    let case = "SELECT format('%s: %s', resolved_by, resolution_reason) FROM review_cases WHERE payment_intent_id = $1";
    assert_eq!(world.text(case, &sale.intent).await, "hari: the shopper called");
}

#[tokio::test]
async fn a_decision_without_operator_or_reason_or_about_nothing_is_refused() {
    let world = World::new().await;
    let sale = world.late_without_stock(Provider::Esewa).await;
    let mut connection = world.questions.pool.connection().await.unwrap();
    let nameless = domain::review::Decision { operator: " ", ..decision(&sale.intent) };
    let reasonless = domain::review::Decision { reason: "", ..decision(&sale.intent) };
    for unusable in [nameless, reasonless] {
        let refused = domain::review::dismiss(&mut connection, unusable).await;
        assert!(matches!(refused, Err(ResolveError::Unusable(_))), "{refused:?}");
    }
    let nowhere =
        domain::review::Decision { payment_intent_id: "pi_esewa_nowhere", ..decision(&sale.intent) };
    let refused = domain::review::dismiss(&mut connection, nowhere).await;
    assert!(matches!(refused, Err(ResolveError::UnknownIntent(_))), "{refused:?}");
    let open = world.intent(Provider::Esewa).await;
    assert_refused!(
        world,
        world.dismiss(&open.intent),
        ResolveError::NoOpenCase(IntentStatus::AwaitingPayment)
    );
}

#[tokio::test]
async fn two_operators_at_once_resolve_a_case_once() {
    let world = World::new().await;
    let sale = world.late_without_stock(Provider::Esewa).await;
    let (dismissed, by_hand) = futures_util::join!(
        world.dismiss(&sale.intent),
        world.refunded_by_hand(&sale.intent, "E-1", PRICE_MINOR)
    );
    assert!(dismissed.is_ok() != by_hand.is_ok(), "{dismissed:?} {by_hand:?}");
    world.database.assert_no_violations().await;
}
