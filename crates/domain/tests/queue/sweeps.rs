//! Jobs that should exist and do not are owed again, and only those.

use std::time::Duration;

use domain::intents::owe_missing_jobs;

use crate::world::{Sale, World};

/// A sale, changed by statements that know its intent as `$`.
async fn with(world: &World, sale: Sale, statements: &str) -> Sale {
    world.set(&statements.replace('$', sale.id())).await;
    sale
}

async fn owed(world: &World) -> (Vec<String>, Vec<String>, Vec<String>) {
    let pool = world.database.pool_as("stale_job_reaper");
    let mut connection = pool.connection().await.unwrap();
    let owed = owe_missing_jobs(&mut connection, Duration::ZERO, 5).await.unwrap();
    let again = owe_missing_jobs(&mut connection, Duration::ZERO, 5).await.unwrap();
    assert!(again.questions.is_empty() && again.orders.is_empty() && again.refunds.is_empty(), "{again:?}");
    (owed.questions, owed.orders, owed.refunds)
}

const FORGOTTEN: &str = "DELETE FROM job_queue WHERE payload ->> 'payment_intent_id' = '$'";
const CLOSED: &str = "UPDATE payment_intents SET question_closed_at = now() WHERE payment_intent_id = '$'";
const FAILED: &str =
    "UPDATE job_queue SET status = 'failed', failed_at = now() WHERE payload ->> 'payment_intent_id' = '$'";
const CASE: &str =
    "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ('$', 'job_failed', '[]')";

#[tokio::test]
async fn a_question_is_owed_where_it_is_open_and_neither_a_job_nor_a_person_is_there() {
    let world = World::new().await;
    let forgotten = with(&world, world.open().await, FORGOTTEN).await;
    let _live = world.open().await;
    let _failed = with(&world, world.open().await, FAILED).await;
    let _under_review = with(&world, world.open().await, &format!("{FORGOTTEN};{CASE}")).await;
    let _closed = with(&world, world.open().await, &format!("{FORGOTTEN};{CLOSED}")).await;
    assert_eq!(owed(&world).await, (vec![forgotten.id().to_owned()], Vec::new(), Vec::new()));
}

#[tokio::test]
async fn an_order_is_owed_where_it_is_paid_for_and_neither_a_job_nor_a_person_is_there() {
    let world = World::new().await;
    let forgotten = with(&world, world.verified().await, &format!("{FORGOTTEN};{CLOSED}")).await;
    let _live = with(&world, world.verified().await, CLOSED).await;
    let failed = format!("{CLOSED};DELETE FROM job_queue WHERE status = 'cancelled';{FAILED}");
    let _failed = with(&world, world.verified().await, &failed).await;
    let _under_review = with(&world, world.verified().await, &format!("{FORGOTTEN};{CLOSED};{CASE}")).await;
    let _unpaid = with(&world, world.open().await, &format!("{FORGOTTEN};{CLOSED}")).await;
    assert_eq!(owed(&world).await, (Vec::new(), vec![forgotten.id().to_owned()], Vec::new()));
}

#[tokio::test]
async fn a_refund_is_owed_where_it_is_under_way_and_neither_a_job_nor_a_person_is_there() {
    let world = World::new().await;
    let refunding = |status: &str, settled_at: &str| {
        format!(
            "{FORGOTTEN};{CLOSED};
             UPDATE payment_intents SET status = 'refunding', reservation = 'released', status_cause = 'made by a test'
              WHERE payment_intent_id = '$';
             INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, created_at, settled_at)
             VALUES ('$', 100, '{status}', 'refund:$:1', 'made by a test', now() - interval '1 hour', {settled_at})"
        )
    };
    let under_way = refunding("requested", "NULL");
    let forgotten = with(&world, world.verified().await, &under_way).await;
    let live = format!(
        "{under_way}; INSERT INTO job_queue (job_type, payload, idempotency_key)
         VALUES ('refund_payment', '{{\"payment_intent_id\": \"$\"}}', 'refund_payment:$')"
    );
    let _live = with(&world, world.verified().await, &live).await;
    let _under_review = with(&world, world.verified().await, &format!("{under_way};{CASE}")).await;
    let _ended = with(&world, world.verified().await, &refunding("succeeded", "now()")).await;
    assert_eq!(owed(&world).await, (Vec::new(), Vec::new(), vec![forgotten.id().to_owned()]));
}
