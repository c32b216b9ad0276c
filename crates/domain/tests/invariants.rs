//! The continuous check: what it looks at, when, and what it says about it.
//!
//! The round is kept away from intents and variants, so that only what is under test finds anything.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use domain::{
    Connection, PooledConnection,
    invariants::{Checked, INVARIANTS, Pace, check_page, figures},
};
use test_support::{
    TestDatabase,
    factories::{Intent, Provider, Shop},
};

/// Bounds every wait of these tests.
const PATIENCE: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3600);
const AT_ONCE: Pace = Pace::Continued { interval: HOUR };

struct World {
    database: TestDatabase,
    shop: Shop,
    variant: String,
    intent: Intent,
    connection: PooledConnection,
}

impl World {
    /// A paid intent whose order is owed.
    async fn new() -> Self {
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let variant = shop.variant(1_000, 5).await;
        let cart = shop.cart(&[(&variant, 2)]).await;
        let intent = shop.intent(Provider::Esewa, &cart).await;
        shop.verify(&intent).await;
        let connection = database.pool_as("stale_job_reaper").connection().await.unwrap();
        Self { database, shop, variant, intent, connection }
    }

    /// One page whose slice of the round is empty.
    async fn page(&mut self) -> Checked {
        self.set("UPDATE invariant_check_progress SET round_subject_kind = 'job', round_after = '9000000000000000000'")
            .await;
        check_page(&mut self.connection, AT_ONCE).await.unwrap().unwrap()
    }

    /// Pages until one has news. What settles does so when every older transaction of the server has ended, and other
    /// tests have theirs.
    async fn page_with_news(&mut self) -> Checked {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let checked = self.page().await;
            if !checked.findings.is_empty() || Instant::now() > deadline {
                return checked;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn set(&self, statements: &str) {
        let statements =
            statements.replace("{id}", &self.intent.payment_intent_id).replace("{variant}", &self.variant);
        self.shop.client.batch_execute(&statements).await.unwrap();
    }

    /// As if what was seen had been seen longer ago than any grace.
    async fn let_graces_end(&self) {
        self.set("UPDATE invariant_check_cursors SET settling_since = now() - interval '3 minutes'").await;
    }

    async fn listed(&self) -> Vec<(String, String, bool)> {
        let read =
            "SELECT invariant, subject, cleared_at IS NOT NULL FROM invariant_check_results ORDER BY 1, 2";
        let rows = self.shop.client.query(read, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    }
}

fn names(checked: &Checked) -> Vec<(&str, &str, bool)> {
    let findings = checked.findings.iter();
    findings
        .map(|finding| (finding.invariant.as_str(), finding.subject.as_str(), finding.is_cleared))
        .collect()
}

async fn broken(connection: &mut Connection, invariant: &str) -> i64 {
    *figures(connection).await.unwrap().broken.get(invariant).unwrap()
}

#[tokio::test]
async fn a_breach_is_news_once_and_so_is_its_end() {
    let mut world = World::new().await;
    assert_eq!(names(&world.page().await), []);
    world.set("UPDATE inventory SET available = available + 1 WHERE variant_id = '{variant}'").await;
    world.set("SELECT set_stock('{variant}', 9, 'a movement tells of the variant')").await;
    let variant = world.variant.clone();
    let invariant = "movements_reproduce_stock";
    assert_eq!(names(&world.page().await), [(invariant, variant.as_str(), false)]);
    assert_eq!(names(&world.page().await), [], "listed, and no news");
    assert_eq!(broken(&mut world.connection, invariant).await, 1);
    assert_eq!(figures(&mut world.connection).await.unwrap().broken.len(), INVARIANTS.len());

    world.set("UPDATE inventory SET available = available - 1 WHERE variant_id = '{variant}'").await;
    assert_eq!(names(&world.page().await), [(invariant, variant.as_str(), true)]);
    assert_eq!(names(&world.page().await), [], "whole, and no news");
    assert_eq!(broken(&mut world.connection, invariant).await, 0);
    assert_eq!(world.listed().await, [(invariant.to_owned(), variant.clone(), true)]);

    world.set("UPDATE inventory SET available = available + 1 WHERE variant_id = '{variant}'").await;
    world.set("SELECT set_stock('{variant}', 8, 'and of its next breach')").await;
    assert_eq!(names(&world.page().await), [(invariant, variant.as_str(), false)], "news again");
}

#[tokio::test]
async fn a_change_is_looked_at_once_more_when_its_graces_are_over() {
    let mut world = World::new().await;
    let seen = world.page().await;
    assert!(seen.looked_at > 0);
    assert_eq!(world.page().await.looked_at, 0, "nothing is new, nothing has settled");
    world.set("UPDATE payment_gateway_verifications SET created_at = now() - interval '61 seconds'").await;
    assert_eq!(names(&world.page().await), []);
    world.let_graces_end().await;
    let id = world.intent.payment_intent_id.clone();
    assert_eq!(
        names(&world.page_with_news().await),
        [("verified_payment_has_an_outcome", id.as_str(), false)]
    );
    world.let_graces_end().await;
    assert_eq!(world.page().await.looked_at, 1, "only what is listed");
}

#[tokio::test]
async fn a_change_that_commits_late_under_a_smaller_id_is_found_all_the_same() {
    let mut world = World::new().await;
    world.page().await;
    world.let_graces_end().await;
    world.page().await;

    let mut late = world.database.client().await;
    let transaction = late.transaction().await.unwrap();
    let gap = "INSERT INTO payment_intent_events (payment_intent_id, kind, from_status, to_status, cause)
        VALUES ($1, 'status_changed', 'created', 'awaiting_payment', 'a gap'), ($1, 'status_changed', 'awaiting_payment', 'verified', 'x')";
    transaction.execute(gap, &[&world.intent.payment_intent_id]).await.unwrap();
    world
        .set("INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause) VALUES ('{id}', 'gateway_answered', 'paid', 'x')")
        .await;
    assert_eq!(names(&world.page().await), []);
    world.let_graces_end().await;
    assert_eq!(names(&world.page().await), [], "its transaction still runs");
    transaction.commit().await.unwrap();
    assert_eq!(
        names(&world.page_with_news().await),
        [("history_follows_the_status_table", world.intent.payment_intent_id.clone().as_str(), false)]
    );
}

#[tokio::test]
async fn what_grows_old_without_a_change_is_found() {
    let mut world = World::new().await;
    let cart = world.shop.cart(&[(&world.variant, 1)]).await;
    let open = world.shop.intent(Provider::Esewa, &cart).await;
    world.page().await;
    let id = &open.payment_intent_id;
    world
        .set(&format!(
            "UPDATE payment_intents SET expires_at = now() - interval '61 seconds' WHERE payment_intent_id = '{id}';
             INSERT INTO job_queue (job_type, status, locked_by, locked_until)
             VALUES ('x', 'processing', 'a dead worker', now() - interval '61 seconds')"
        ))
        .await;
    let checked = world.page().await;
    let found: Vec<&str> = checked.findings.iter().map(|finding| finding.invariant.as_str()).collect();
    assert_eq!(found, ["lease_is_rescued_in_time", "reservation_ends_with_its_intent"]);
}

#[tokio::test]
async fn a_breach_that_nothing_announces_is_found_by_the_round() {
    let mut world = World::new().await;
    world.page().await;
    world.set("UPDATE invariant_check_progress SET round_subject_kind = 'intent', round_after = ''").await;
    world.set("UPDATE carts SET user_id = 'somebody else'").await;
    let mut ended = false;
    for _ in 0..4 {
        let checked = check_page(&mut world.connection, AT_ONCE).await.unwrap().unwrap();
        ended |= checked.round_has_ended;
    }
    assert!(ended);
    let id = world.intent.payment_intent_id.clone();
    assert_eq!(world.listed().await, [("order_intent_and_cart_have_one_owner".to_owned(), id, false)]);
}

#[tokio::test]
async fn a_hot_variant_is_judged_when_its_sums_are_complete_and_a_round_sums_anew() {
    let mut world = World::new().await;
    world
        .set(
            "INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason)
             SELECT '{variant}', d, 0, 0, 'x' FROM generate_series(1, 25000), unnest(ARRAY[1, -1]) AS d",
        )
        .await;
    world
        .set(
            "UPDATE invariant_check_cursors SET seen_id = newest.id, settled_id = newest.id, settling_id = newest.id
               FROM (SELECT max(id) AS id FROM inventory_movements) AS newest WHERE source = 'inventory_movements';
             INSERT INTO stock_checkpoints VALUES ('{variant}', 0, 0, 0, 0, true);
             UPDATE inventory SET available = available + 1 WHERE variant_id = '{variant}'",
        )
        .await;
    let variant = world.variant.clone();
    let invariant = "movements_reproduce_stock";
    let first = world.page().await;
    assert_eq!((names(&first), first.variants_behind), (Vec::new(), 1), "20,000 of 50,000 are summed");
    assert_eq!(world.page().await.variants_behind, 1);
    assert_eq!(names(&world.page().await), [(invariant, variant.as_str(), false)]);
    world.set("UPDATE inventory SET available = available - 1 WHERE variant_id = '{variant}'").await;
    assert_eq!(names(&world.page().await), [(invariant, variant.as_str(), true)]);

    world
        .set(
            "ALTER TABLE inventory_movements DISABLE TRIGGER USER;
             UPDATE inventory_movements SET available_delta = available_delta + 1 WHERE reason = 'opening'",
        )
        .await;
    assert_eq!(names(&world.page().await), [], "nothing tells of it");
    world.set("UPDATE invariant_check_progress SET round_subject_kind = 'variant', round_after = ''").await;
    let whole = check_page(&mut world.connection, Pace::Whole).await.unwrap().unwrap();
    assert_eq!(names(&whole), [(invariant, variant.as_str(), false)]);
}

#[tokio::test]
async fn one_of_two_checks_and_within_half_an_interval_nobody_does() {
    let mut world = World::new().await;
    world.page().await;
    assert!(check_page(&mut world.connection, Pace::Turn { interval: HOUR }).await.unwrap().is_none());
    let pace = Pace::Turn { interval: Duration::ZERO };
    assert!(check_page(&mut world.connection, pace).await.unwrap().is_some());

    let mut other = world.database.client().await;
    let transaction = other.transaction().await.unwrap();
    transaction.execute("SELECT FROM invariant_check_progress FOR UPDATE", &[]).await.unwrap();
    assert!(check_page(&mut world.connection, AT_ONCE).await.unwrap().is_none(), "it does not wait either");
    transaction.commit().await.unwrap();
    assert!(check_page(&mut world.connection, AT_ONCE).await.unwrap().is_some());
}
