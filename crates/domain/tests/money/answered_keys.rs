//! The key of a checkout request that was answered.

use schema::queries::idempotency_keys::{NewRequest, put_if_unanswered, store_answer_if_unanswered};
use test_support::factories::Provider;

use crate::world::World;

/// A request of one shopper under one key, for this intent.
fn request(payment_intent_id: &str) -> NewRequest<'_> {
    NewRequest {
        user_id: "asha",
        key: "k",
        request_digest: &[7; 32],
        payment_intent_id,
        lease_seconds: None,
        response_body: None,
    }
}

/// Whoever found the key unanswered may be overtaken by the answer before it puts another intent there.
#[tokio::test]
async fn an_answered_key_takes_no_other_request() {
    let world = World::new().await;
    let (answered, another) = (world.intent(Provider::Esewa).await, world.intent(Provider::Esewa).await);
    let pool = world.database.pool_as("checkout_api");
    let mut connection = pool.connection().await.unwrap();
    let first = NewRequest { response_body: Some(b"{}"), ..request(&answered.intent.payment_intent_id) };
    assert_eq!(put_if_unanswered(&mut connection, &first).await.unwrap(), None);
    let late = request(&another.intent.payment_intent_id);
    put_if_unanswered(&mut connection, &late).await.unwrap_err();
    let kept = "SELECT count(*)::text FROM idempotency_keys
        WHERE user_id = 'asha' AND payment_intent_id = $1 AND response_body IS NOT NULL";
    assert_eq!(world.text(kept, &answered.intent).await, "1");
}

/// Whoever comes back from the gateway late may find its key answered, or another intent's.
#[tokio::test]
async fn an_answer_is_stored_once_and_under_its_own_intents_key_only() {
    let world = World::new().await;
    let (own, another) = (world.intent(Provider::Khalti).await, world.intent(Provider::Khalti).await);
    let (own_id, another_id) = (&own.intent.payment_intent_id, &another.intent.payment_intent_id);
    let pool = world.database.pool_as("checkout_api");
    let mut connection = pool.connection().await.unwrap();
    let leased = NewRequest { lease_seconds: Some(30.0), ..request(own_id) };
    put_if_unanswered(&mut connection, &leased).await.unwrap();
    let connection = &mut *connection;
    assert!(!store_answer_if_unanswered(connection, "asha", "k", another_id, b"another's").await.unwrap());
    assert!(store_answer_if_unanswered(connection, "asha", "k", own_id, b"first").await.unwrap());
    assert!(!store_answer_if_unanswered(connection, "asha", "k", own_id, b"second").await.unwrap());
    let kept = "SELECT convert_from(response_body, 'UTF8') FROM idempotency_keys
        WHERE user_id = 'asha' AND payment_intent_id = $1";
    assert_eq!(world.text(kept, &own.intent).await, "first");
}
