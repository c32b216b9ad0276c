//! Paid intents become orders: together, alone, late, twice.

use domain::{
    orders::finalize::{Finalized, ToFinalize, finalize},
    queue::WorkerId,
};
use test_support::factories::{Intent, Provider};

use crate::support::{World, refund_terms, until};

/// Makes the orders of whatever is due, in batches of `batch_max`.
async fn finalize_all(world: &World, batch_max: usize) -> Vec<Finalized> {
    let worker_id = WorkerId::unique("test");
    let leases = world.claim(&worker_id, "finalize_order", 50).await;
    let pool = world.database.pool_as("order_worker");
    let mut connection = pool.connection().await.unwrap();
    let mut all = Vec::new();
    for batch in leases.chunks(batch_max) {
        let jobs: Vec<ToFinalize<'_>> = batch
            .iter()
            .map(|lease| ToFinalize { lease, payment_intent_id: lease.payment_intent_id().unwrap() })
            .collect();
        all.push(finalize(&mut connection, &worker_id, &jobs, &refund_terms()).await.unwrap());
    }
    all
}

#[tokio::test]
async fn one_poisoned_intent_does_not_keep_its_batch_mates_from_becoming_orders() {
    let world = World::new().await;
    let mut intents = Vec::new();
    for _ in 0..5 {
        let intent = world.intent().await;
        world.shop.verify(&intent).await;
        intents.push(intent);
    }
    let poisoned = intents.remove(2);
    world.set("ALTER TABLE payment_intent_items DISABLE TRIGGER payment_intent_items_are_immutable").await;
    let tamper = "UPDATE payment_intent_items SET unit_price_minor = 999 WHERE payment_intent_id = $1";
    world.shop.client.execute(tamper, &[&poisoned.payment_intent_id]).await.unwrap();

    let worker = world.worker(&[]);
    for intent in &intents {
        world.wait_for(intent, "completed").await;
    }
    let failed = "SELECT count(*) FROM job_queue WHERE status = 'failed' AND attempts = 1
        AND last_error LIKE 'refused by order_subtotal_is_the_sum_of_its_lines%'";
    until("the poisoned one failed", async || world.count(failed).await == 1).await;
    worker.stop().await;
    assert_eq!(world.count("SELECT count(*) FROM orders").await, 4);
    assert_eq!(world.shop.status(&poisoned).await, "verified");
    assert_eq!(world.shop.cases(&poisoned).await, [("job_failed".to_owned(), "open".to_owned())]);
    // The poison is a broken promise itself; nothing else is.
    world.set("UPDATE payment_intent_items SET unit_price_minor = 1000").await;
    world.database.assert_no_violations().await;
}

/// A batch of everything: two ordinary intents that share variants in opposite order, a late one with stock, a late
/// one without, two for one round. Returns what is left of it, without ids and times.
async fn everything(batch_max: usize) -> Vec<String> {
    let world = World::new().await;
    let shop = &world.shop;
    let (tea, rice, rare) =
        (shop.variant(1_000, 50).await, shop.variant(250, 50).await, shop.variant(9_000, 1).await);
    for lines in [[(&tea, 1), (&rice, 2)], [(&rice, 3), (&tea, 4)]] {
        let cart = shop.cart(&lines.map(|(variant, quantity)| (variant.as_str(), quantity))).await;
        shop.verify(&shop.intent(Provider::Esewa, &cart).await).await;
    }
    let late_cart = shop.cart(&[(&tea, 2)]).await;
    let late = shop.intent(Provider::Khalti, &late_cart).await;
    shop.release(&late, "expired").await;
    shop.verify(&late).await;

    let unlucky_cart = shop.cart(&[(&rare, 1)]).await;
    let unlucky = shop.intent(Provider::Esewa, &unlucky_cart).await;
    shop.release(&unlucky, "expired").await;
    let lucky_cart = shop.cart(&[(&rare, 1)]).await;
    shop.verify(&shop.intent(Provider::Esewa, &lucky_cart).await).await;
    shop.verify(&unlucky).await;

    let twice_cart = shop.cart(&[(&rice, 5)]).await;
    let first = shop.intent(Provider::Esewa, &twice_cart).await;
    shop.release(&first, "superseded").await;
    let second = shop.intent(Provider::Khalti, &twice_cart).await;
    shop.verify(&second).await;
    shop.verify(&first).await;

    finalize_all(&world, batch_max).await;
    let left = "
        SELECT format('intent %s %s %s %s', i.provider, i.amount_minor, i.status, i.reservation) FROM payment_intents i
        UNION ALL SELECT format('order %s %s %s', o.total_minor, o.status, count(*)) FROM orders o JOIN order_items oi ON oi.order_id = o.id GROUP BY o.id
        UNION ALL SELECT format('case %s %s', kind, status) FROM review_cases
        UNION ALL SELECT format('stock %s %s %s', available, reserved, sold) FROM inventory
        UNION ALL SELECT format('movement %s %s %s %s', available_delta, reserved_delta, sold_delta, reason) FROM inventory_movements
        UNION ALL SELECT format('cart %s, %s lines', round, (SELECT count(*) FROM cart_items ci WHERE ci.cart_id = c.cart_id)) FROM carts c
        UNION ALL SELECT format('job %s %s', job_type, status) FROM job_queue
        ORDER BY 1";
    let rows = shop.client.query(left, &[]).await.unwrap();
    world.database.assert_no_violations().await;
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_batch_and_one_by_one_leave_the_same_rows() {
    let (together, alone) = (everything(50).await, everything(1).await);
    assert_eq!(together, alone);
    let how_many = |kind: &str| together.iter().filter(|row| row.starts_with(kind)).count();
    assert_eq!((how_many("order"), how_many("case")), (5, 2));
    assert!(together.contains(&"case late_payment open".to_owned()), "{together:#?}");
    assert!(together.contains(&"case second_payment open".to_owned()), "{together:#?}");
}

async fn paid_late(world: &World, sold_meanwhile: i32) -> Intent {
    let variant = world.shop.variant(1_000, 5).await;
    let cart = world.shop.cart(&[(&variant, 2)]).await;
    let intent = world.shop.intent(Provider::Esewa, &cart).await;
    world.shop.release(&intent, "expired").await;
    let set = "SELECT set_stock($1, $2, 'sold elsewhere')";
    world.shop.client.execute(set, &[&variant, &(5 - sold_meanwhile)]).await.unwrap();
    world.shop.verify(&intent).await;
    intent
}

#[tokio::test]
async fn late_money_becomes_an_order_where_the_stock_can_be_had_and_a_case_where_it_cannot() {
    let world = World::new().await;
    let (lucky, unlucky) = (paid_late(&world, 3).await, paid_late(&world, 4).await);
    let worker = world.worker(&[]);
    world.wait_for(&lucky, "completed").await;
    world.wait_for(&unlucky, "under_review").await;
    worker.stop().await;
    assert!(world.shop.cases(&lucky).await.is_empty());
    assert_eq!(world.shop.cases(&unlucky).await, [("late_payment".to_owned(), "open".to_owned())]);
    assert_eq!(world.count("SELECT count(*) FROM orders").await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn an_unpaid_intent_of_the_same_round_gives_way_to_the_order_and_its_stock_is_free() {
    let world = World::new().await;
    let variant = world.shop.variant(1_000, 5).await;
    let cart = world.shop.cart(&[(&variant, 2)]).await;
    let first = world.shop.intent(Provider::Esewa, &cart).await;
    world.shop.release(&first, "superseded").await;
    let second = world.shop.intent(Provider::Khalti, &cart).await;
    world.shop.verify(&first).await;
    let finalized = finalize_all(&world, 50).await.remove(0);
    assert_eq!(finalized.superseded, [second.payment_intent_id.as_str()]);
    assert_eq!(world.shop.status(&second).await, "superseded");
    assert_eq!(world.shop.stock(&variant).await, (3, 0, 2));
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_cart_edited_after_paying_keeps_what_exceeds_the_payment() {
    let world = World::new().await;
    let shop = &world.shop;
    let (more, same, new) =
        (shop.variant(100, 9).await, shop.variant(200, 9).await, shop.variant(300, 9).await);
    let cart = shop.cart(&[(&more, 2), (&same, 1)]).await;
    let intent = shop.intent(Provider::Esewa, &cart).await;
    shop.put(&cart, &more, 5).await;
    shop.put(&cart, &new, 1).await;
    shop.verify(&intent).await;
    finalize_all(&world, 50).await;
    let lines = "SELECT variant_id, quantity FROM cart_items ORDER BY quantity DESC";
    let rows = shop.client.query(lines, &[]).await.unwrap();
    let left: Vec<(String, i32)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(left, [(more, 3), (new, 1)]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_job_done_twice_makes_one_order() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.shop.verify(&intent).await;
    assert_eq!(finalize_all(&world, 50).await[0].ordered.len(), 1);
    world
        .set("INSERT INTO job_queue (job_type, payload) SELECT job_type, payload FROM job_queue WHERE job_type = 'finalize_order'")
        .await;
    assert_eq!(finalize_all(&world, 50).await[0].nothing, [intent.payment_intent_id.as_str()]);
    assert_eq!(world.count("SELECT count(*) FROM orders").await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn an_order_that_is_made_after_all_resolves_its_case() {
    let world = World::new().await;
    let intent = world.intent().await;
    world.shop.verify(&intent).await;
    let open = "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ($1, 'job_failed', '[]')";
    world.shop.client.execute(open, &[&intent.payment_intent_id]).await.unwrap();
    finalize_all(&world, 50).await;
    assert_eq!(world.shop.status(&intent).await, "completed");
    assert_eq!(world.shop.cases(&intent).await, [("job_failed".to_owned(), "resolved".to_owned())]);
    world.database.assert_no_violations().await;
}
