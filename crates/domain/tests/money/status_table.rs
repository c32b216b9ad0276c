//! The status table of the business, cell by cell: an intent brought to a status by what really happens, an answer
//! made by the gateway itself, and what the database holds afterwards.

use test_support::factories::Provider;

use crate::world::{Sale, World};

/// How the gateway comes to say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Paid,
    Odd,
    Unpaid,
    RefundSeen,
    UndecidedTooLong,
}

const SAYS: [Says; 5] = [Says::Paid, Says::Odd, Says::Unpaid, Says::RefundSeen, Says::UndecidedTooLong];

/// A row a status, a column an answer in the order of `SAYS`: the status after it, and the kinds of open cases.
const TABLE: [(&str, [&str; 5]); 8] = [
    (
        "awaiting_payment",
        ["verified", "under_review unknown_status", "failed", "refunded", "under_review undecided"],
    ),
    ("expired", ["verified", "under_review unknown_status", "expired", "refunded", "under_review undecided"]),
    (
        "superseded",
        ["verified", "under_review unknown_status", "superseded", "refunded", "under_review undecided"],
    ),
    ("failed", ["verified", "under_review unknown_status", "failed", "refunded", "failed"]),
    (
        "verified",
        ["verified", "under_review unknown_status", "under_review reversed", "refunded", "verified"],
    ),
    ("completed", ["completed", "completed unknown_status", "completed reversed", "refunded", "completed"]),
    (
        "refunding",
        [
            "refunding",
            "under_review unknown_status",
            "under_review reversed",
            "refunded",
            "refunding refund_failed",
        ],
    ),
    (
        "under_review",
        [
            "under_review amount_mismatch",
            "under_review amount_mismatch",
            "under_review amount_mismatch",
            "refunded",
            "under_review amount_mismatch",
        ],
    ),
];

async fn bring_to(world: &World, status: &str) -> Sale {
    match status {
        "awaiting_payment" => world.intent(Provider::Khalti).await,
        "verified" => world.paid(Provider::Khalti).await,
        "completed" => world.completed(Provider::Khalti).await,
        "refunding" => world.refunding().await,
        "under_review" => world.under_review(Provider::Khalti).await,
        unpaid => {
            let sale = world.intent(Provider::Khalti).await;
            world.shop.release(&sale.intent, unpaid).await;
            sale
        }
    }
}

async fn make_it_say(world: &World, sale: &Sale, says: Says) {
    let intent = &sale.intent;
    let is_paid = world.at_gateway(intent).await["status"] == "paid";
    match says {
        Says::Paid if is_paid => {}
        Says::Paid => world.act(intent, "pay").await,
        Says::Odd => world.modes(intent, &["says_unknown_word"]).await,
        Says::Unpaid => world.act(intent, if is_paid { "reverse" } else { "cancel" }).await,
        Says::RefundSeen => {
            if !is_paid {
                world.act(intent, "pay").await;
            }
            world.act(intent, "refund").await;
        }
        Says::UndecidedTooLong => world.modes(intent, &["says_pending"]).await,
    }
}

#[tokio::test]
async fn every_cell_of_the_status_table_holds_in_the_database() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for (status, cells) in TABLE {
        for (says, cell) in SAYS.into_iter().zip(cells) {
            let sale = bring_to(&world, status).await;
            make_it_say(&world, &sale, says).await;
            let policy = match says {
                Says::UndecidedTooLong => world.impatient(),
                _ => world.questions.policy.clone(),
            };
            // The same answer twice is the same as once.
            world.hear_with(&sale.intent, &policy).await;
            world.hear_with(&sale.intent, &policy).await;
            let mut found = vec![world.shop.status(&sale.intent).await];
            found.extend(world.cases(&sale.intent).await.into_iter().filter(|case| !case.contains(':')));
            if found.join(" ") != cell {
                wrong.push(format!("{status} {says:?}: {} instead of {cell}", found.join(" ")));
            }
            check_stock(&world, &sale).await;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let left = "SELECT count(*) FROM refunds JOIN payment_intents pi USING (payment_intent_id)
        WHERE refunds.status = 'requested' AND pi.status <> 'refunding'";
    assert_eq!(world.shop.client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    world.database.assert_no_violations().await;
}

/// What is not held and not sold can be bought, or was taken out of the shelf by the test.
async fn check_stock(world: &World, sale: &Sale) {
    let reservation = world
        .text("SELECT reservation FROM payment_intents WHERE payment_intent_id = $1", &sale.intent)
        .await;
    let (_, reserved, sold) = world.shop.stock(&sale.variant).await;
    assert_eq!((reserved, sold), (i32::from(reservation == "held"), i32::from(reservation == "settled")));
}

#[tokio::test]
async fn a_case_of_an_undecided_payment_is_ended_by_the_gateways_decision() {
    let world = World::new().await;
    for (action, status, resolution) in
        [("pay", "verified", "undecided: verified"), ("cancel", "failed", "undecided: unpaid")]
    {
        let sale = world.intent(Provider::Esewa).await;
        world.hear_with(&sale.intent, &world.impatient()).await;
        assert_eq!(world.shop.status(&sale.intent).await, "under_review");
        world.act(&sale.intent, action).await;
        world.hear(&sale.intent).await;
        assert_eq!(world.shop.status(&sale.intent).await, status);
        assert_eq!(world.cases(&sale.intent).await, [resolution]);
    }
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn canceled_after_complete_is_a_case_and_never_an_unmade_order() {
    let world = World::new().await;
    let sale = world.completed(Provider::Esewa).await;
    world.act(&sale.intent, "reverse").await;
    world.hear(&sale.intent).await;
    assert_eq!(world.shop.status(&sale.intent).await, "completed");
    assert_eq!(world.cases(&sale.intent).await, ["reversed"]);
    let order = "SELECT status FROM orders WHERE payment_intent_id = $1";
    assert_eq!(world.text(order, &sale.intent).await, "confirmed");
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_refund_that_nobody_asked_for_is_recorded_and_its_order_refunded_without_returning_stock() {
    let world = World::new().await;
    for provider in [Provider::Esewa, Provider::Khalti] {
        let sale = world.completed(provider).await;
        world.act(&sale.intent, "refund").await;
        world.hear(&sale.intent).await;
        assert_eq!(world.shop.status(&sale.intent).await, "refunded");
        assert_eq!(world.refunds(&sale.intent).await, ["succeeded 50000"]);
        let order = "SELECT status FROM orders WHERE payment_intent_id = $1";
        assert_eq!(world.text(order, &sale.intent).await, "refunded");
        assert_eq!(world.shop.stock(&sale.variant).await, (0, 0, 1));
    }
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_partial_refund_seen_at_the_gateway_is_a_case() {
    let world = World::new().await;
    let sale = world.completed(Provider::Khalti).await;
    world.act(&sale.intent, "partial_refund").await;
    world.hear(&sale.intent).await;
    assert_eq!(world.shop.status(&sale.intent).await, "completed");
    assert_eq!(world.cases(&sale.intent).await, ["partial_refund"]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn paid_again_after_everything_was_refunded_is_a_case() {
    let world = World::new().await;
    let sale = world.under_review(Provider::Esewa).await;
    let paid = world.at_gateway(&sale.intent).await["paid_minor"].as_i64().unwrap() - 100;
    world.refunded_by_hand(&sale.intent, "P-1", paid).await.unwrap();
    assert_eq!(world.shop.status(&sale.intent).await, "refunded");
    let sale = world.late_without_stock(Provider::Esewa).await;
    world.refunded_by_hand(&sale.intent, "P-2", 50_000).await.unwrap();
    world.hear(&sale.intent).await;
    assert_eq!(world.shop.status(&sale.intent).await, "refunded");
    assert_eq!(world.cases(&sale.intent).await, ["late_payment: refunded_by_hand", "refund_failed"]);
    world.database.assert_no_violations().await;
}
