//! Checkout requests that may be repeated. Whoever changes a key while there is no answer holds the user's cart.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension, Queryable,
    sql_types::{Binary, Bool, Double, Nullable, Text, Timestamptz, Untyped},
};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

/// A key and where its request stands.
#[derive(Debug, Clone, Queryable)]
pub struct StoredRequest {
    pub request_digest: Vec<u8>,
    pub payment_intent_id: String,
    /// Seconds for which another request has it, if one has.
    pub leased_seconds: Option<f64>,
    pub response_body: Option<Vec<u8>>,
    /// Its intent waits for a gateway session and has time left.
    pub is_startable: bool,
}

statement! {
    Find<'a> { user_id: &'a str, key: &'a str } -> (Binary, Text, Nullable<Double>, Nullable<Binary>, Bool);
    "SELECT k.request_digest, k.payment_intent_id,
            CASE WHEN k.leased_until > clock_timestamp()
                 THEN extract(epoch FROM k.leased_until - clock_timestamp())::double precision END,
            k.response_body, pi.status = 'created' AND pi.expires_at > clock_timestamp()
       FROM idempotency_keys k
       JOIN payment_intents pi ON pi.payment_intent_id = k.payment_intent_id
      WHERE k.user_id = " (user_id as Text) " AND k.idempotency_key = " (key as Text)
}

/// What is stored under the user's key.
pub async fn find(
    connection: &mut Connection,
    user_id: &str,
    key: &str,
) -> Result<Option<StoredRequest>, Error> {
    Ok(Find { user_id, key }.get_result(connection).await.optional()?)
}

/// A request that made an intent: answered at once, or leased until its gateway was asked.
#[derive(Debug)]
pub struct NewRequest<'a> {
    pub user_id: &'a str,
    pub key: &'a str,
    pub request_digest: &'a [u8],
    pub payment_intent_id: &'a str,
    pub lease_seconds: Option<f64>,
    pub response_body: Option<&'a [u8]>,
}

statement! {
    Put<'a> { request: &'a NewRequest<'a> } -> Nullable<Timestamptz>;
    "INSERT INTO idempotency_keys AS k
            (user_id, idempotency_key, request_digest, payment_intent_id, leased_until, response_body)
     VALUES (" (request.user_id as Text) ", " (request.key as Text) ", " (request.request_digest as Binary) ", "
               (request.payment_intent_id as Text) ", clock_timestamp() + make_interval(secs => "
               (request.lease_seconds as Nullable<Double>) "), " (request.response_body as Nullable<Binary>) ")
     ON CONFLICT (user_id, idempotency_key) DO UPDATE
        SET request_digest = excluded.request_digest, payment_intent_id = excluded.payment_intent_id,
            leased_until = excluded.leased_until, response_body = excluded.response_body, created_at = now()
      WHERE k.response_body IS NULL
     RETURNING k.leased_until"
}

/// Stores the request, also over one that came to nothing. Returns the end of its lease.
pub async fn put_if_unanswered(
    connection: &mut Connection,
    request: &NewRequest<'_>,
) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(Put { request }.get_result(connection).await?)
}

statement! {
    TakeLease<'a> { user_id: &'a str, key: &'a str, lease_seconds: f64 } -> Timestamptz;
    "UPDATE idempotency_keys SET leased_until = clock_timestamp() + make_interval(secs => " (lease_seconds as Double) ")
      WHERE user_id = " (user_id as Text) " AND idempotency_key = " (key as Text) "
        AND response_body IS NULL AND (leased_until IS NULL OR leased_until <= clock_timestamp())
     RETURNING leased_until"
}

/// Leases an unanswered request to the caller. `None`: somebody else has it, or it is answered.
pub async fn take_lease_if_free(
    connection: &mut Connection,
    user_id: &str,
    key: &str,
    lease_seconds: f64,
) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(TakeLease { user_id, key, lease_seconds }.get_result(connection).await.optional()?)
}

statement! {
    ReleaseLease<'a> { user_id: &'a str, key: &'a str, leased_until: DateTime<Utc> } -> Untyped;
    "UPDATE idempotency_keys SET leased_until = NULL
      WHERE user_id = " (user_id as Text) " AND idempotency_key = " (key as Text) "
        AND leased_until = " (leased_until as Timestamptz)
}

/// Ends the caller's own lease, told by its end. `false`: the caller holds none.
pub async fn release_lease_if_held(
    connection: &mut Connection,
    user_id: &str,
    key: &str,
    leased_until: DateTime<Utc>,
) -> Result<bool, Error> {
    Ok(ReleaseLease { user_id, key, leased_until }.execute(connection).await? == 1)
}

statement! {
    StoreAnswer<'a> { user_id: &'a str, key: &'a str, payment_intent_id: &'a str, response_body: &'a [u8] } -> Untyped;
    "UPDATE idempotency_keys SET response_body = " (response_body as Binary) ", leased_until = NULL
      WHERE user_id = " (user_id as Text) " AND idempotency_key = " (key as Text) "
        AND payment_intent_id = " (payment_intent_id as Text) " AND response_body IS NULL"
}

/// Stores the answer that the same request gets from here on. `false`: the key has one, or is another intent's.
pub async fn store_answer_if_unanswered(
    connection: &mut Connection,
    user_id: &str,
    key: &str,
    payment_intent_id: &str,
    response_body: &[u8],
) -> Result<bool, Error> {
    Ok(StoreAnswer { user_id, key, payment_intent_id, response_body }.execute(connection).await? == 1)
}
