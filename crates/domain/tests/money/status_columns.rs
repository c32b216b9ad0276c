//! The two columns of the status table that no gateway says: time passes, and the shopper asks for a newer intent.
//! And the two rows that no answer can reach by way of the others: `created` and `refunded`.

use domain::{
    checkout::{CreateIntentError, create_intent},
    intents::expire_due,
    payments::gateway::Provider as Gateway,
};
use test_support::factories::Provider;

use crate::{
    checkouts::{checkout, command},
    world::{Sale, World},
};

/// A row a status: what it is after `expires_at` passed, and what it is after a newer intent. Where the newer intent
/// is refused, the code that refuses it.
const TABLE: [(&str, &str, &str); 10] = [
    ("created", "expired", "superseded"),
    ("awaiting_payment", "expired", "superseded"),
    ("expired", "expired", "expired"),
    ("superseded", "superseded", "superseded"),
    ("failed", "failed", "failed"),
    ("verified", "verified", "already_paid"),
    ("completed", "completed", "completed"),
    ("refunded", "refunded", "refunded"),
    ("refunding", "refunding", "refunding"),
    ("under_review", "under_review", "under_review"),
];

async fn bring_to(world: &World, status: &str) -> Sale {
    let sale = match status {
        "created" => world.created().await,
        "awaiting_payment" => world.intent(Provider::Khalti).await,
        "verified" => world.paid(Provider::Khalti).await,
        "completed" => world.completed(Provider::Khalti).await,
        "refunding" => world.refunding().await,
        "refunded" => world.refunded().await,
        "under_review" => world.under_review(Provider::Khalti).await,
        unpaid => {
            let sale = world.intent(Provider::Khalti).await;
            world.shop.release(&sale.intent, unpaid).await;
            sale
        }
    };
    assert_eq!(world.shop.status(&sale.intent).await, status);
    sale
}

#[tokio::test]
async fn the_passing_of_expires_at_moves_what_the_table_says_and_nothing_else() {
    let world = World::new().await;
    let reaper = world.database.pool_as("stale_job_reaper");
    for (status, after, _) in TABLE {
        let sale = bring_to(&world, status).await;
        let before = world.shop.stock(&sale.variant).await;
        world.let_time_pass(&sale.intent).await;
        let expired = expire_due(&mut reaper.connection().await.unwrap()).await.unwrap();
        let moves = after != status;
        assert_eq!(expired, if moves { vec![sale.intent.payment_intent_id.clone()] } else { vec![] });
        assert_eq!(world.shop.status(&sale.intent).await, after, "{status}");
        let stock = if moves { (before.0 + before.1, 0, before.2) } else { before };
        assert_eq!(world.shop.stock(&sale.variant).await, stock, "{status}");
        // Twice is once.
        assert!(expire_due(&mut reaper.connection().await.unwrap()).await.unwrap().is_empty());
    }
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_newer_intent_moves_what_the_table_says_and_nothing_else() {
    let world = World::new().await;
    for (status, _, after) in TABLE {
        let sale = bring_to(&world, status).await;
        // Enough for another one; what a superseded intent held is netted.
        let (available, ..) = world.shop.stock(&sale.variant).await;
        world.set_stock(&sale.variant, available + 1).await;
        world.shop.put(&sale.cart, &sale.variant, 1).await;
        let (before_available, before_reserved, before_sold) = world.shop.stock(&sale.variant).await;
        let asked = another_intent(&world, &sale).await;
        if after == "already_paid" {
            let Err(CreateIntentError::AlreadyPaid { payment_intent_id }) = asked else {
                panic!("{asked:?}")
            };
            assert_eq!(payment_intent_id, sale.intent.payment_intent_id);
            assert_eq!(world.shop.status(&sale.intent).await, status);
            continue;
        }
        asked.unwrap();
        assert_eq!(world.shop.status(&sale.intent).await, after, "{status}");
        let all = before_available + before_reserved;
        assert_eq!(world.shop.stock(&sale.variant).await, (all - 1, 1, before_sold), "{status}");
    }
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn what_is_refunded_stays_refunded_whatever_the_gateway_says() {
    let world = World::new().await;
    for mode in ["says_unknown_word", "says_pending", "answer_wrong_amount", "answer_without_transaction_id"]
    {
        let sale = world.refunded().await;
        world.modes(&sale.intent, &[mode]).await;
        world.hear_with(&sale.intent, &world.impatient()).await;
        assert_eq!(world.shop.status(&sale.intent).await, "refunded", "{mode}");
        assert_eq!(world.cases(&sale.intent).await, [""; 0], "{mode}");
        assert_eq!(world.refunds(&sale.intent).await, ["succeeded 50000"], "{mode}");
    }
    world.database.assert_no_violations().await;
}

/// The same shopper presses "pay" for the same cart again.
async fn another_intent(world: &World, sale: &Sale) -> Result<Vec<u8>, CreateIntentError> {
    let cart_version = "SELECT version FROM carts WHERE cart_id = $1::text::uuid";
    let cart_version = world.shop.client.query_one(cart_version, &[&sale.cart.cart_id]).await.unwrap().get(0);
    let command = command(&sale.cart.user_id, "again", Gateway::Esewa, cart_version);
    create_intent(&checkout(world), command).await
}
