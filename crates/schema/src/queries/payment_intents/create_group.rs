//! Making several intents in one transaction: set-based, so that fifty cost little more than one.

use chrono::{DateTime, Utc};
use diesel::sql_types::{
    Array, BigInt, Binary, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::create::SnapshotRows;
use crate::{Connection, Error};

/// Requests, one entry each in every column.
#[derive(Debug, Default)]
pub struct Requests<'a> {
    pub cart_ids: Vec<Uuid>,
    pub cart_rounds: Vec<i32>,
    pub user_ids: Vec<&'a str>,
    pub keys: Vec<&'a str>,
}

statement! {
    // Not EXISTS: where few keys were known when it was planned, all keys would be read into a hash at every call.
    CartsWithEarlier<'a> { requests: &'a Requests<'a> } -> SqlUuid;
    "SELECT asked.cart_id
       FROM unnest(" (requests.cart_ids as Array<SqlUuid>) ", " (requests.cart_rounds as Array<Integer>) ", "
                     (requests.user_ids as Array<Text>) ", " (requests.keys as Array<Text>) ")
            AS asked (cart_id, cart_round, user_id, idempotency_key)
      WHERE (SELECT true FROM idempotency_keys k
              WHERE k.user_id = asked.user_id AND k.idempotency_key = asked.idempotency_key)
         OR (SELECT true FROM payment_intents pi
              WHERE pi.cart_id = asked.cart_id
                AND (pi.status IN ('created', 'awaiting_payment')
                     OR (pi.status = 'verified' AND pi.cart_round = asked.cart_round)) LIMIT 1)"
}

/// The carts whose request is not their first word: its key is known, or the cart has an intent that is open or paid.
/// The caller holds the carts, so the answer stays true.
pub async fn carts_with_something_earlier(
    connection: &mut Connection,
    requests: &Requests<'_>,
) -> Result<Vec<Uuid>, Error> {
    Ok(CartsWithEarlier { requests }.load(connection).await?)
}

/// Intents about to be stored, one entry each in every column. Discount, shipping and tax are zero.
#[derive(Debug, Default)]
pub struct NewIntents<'a> {
    pub payment_intent_ids: Vec<&'a str>,
    pub user_ids: Vec<&'a str>,
    pub cart_ids: Vec<Uuid>,
    pub cart_versions: Vec<i64>,
    pub cart_rounds: Vec<i32>,
    pub providers: Vec<&'a str>,
    /// `None` stores the intent as `created`, a reference as `awaiting_payment`.
    pub gateway_references: Vec<Option<&'a str>>,
    pub amounts_minor: Vec<i64>,
    pub shipping_addresses: Vec<Value>,
    pub ttl_seconds: f64,
    /// Of each line: whose it is.
    pub line_intent_ids: Vec<&'a str>,
    pub lines: SnapshotRows,
}

statement! {
    InsertAll<'a> { new: &'a NewIntents<'a> } -> Timestamptz;
    "WITH made AS (
         INSERT INTO payment_intents
                (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status,
                 status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at)
         SELECT n.payment_intent_id, n.user_id, n.cart_id, n.cart_version, n.cart_round, n.provider, n.gateway_reference,
                CASE WHEN n.gateway_reference IS NULL THEN 'created' ELSE 'awaiting_payment' END,
                'checkout', 'held', n.amount_minor, n.amount_minor, n.shipping_address,
                now() + make_interval(secs => " (new.ttl_seconds as Double) ")
           FROM unnest(" (new.payment_intent_ids as Array<Text>) ", " (new.user_ids as Array<Text>) ", "
                         (new.cart_ids as Array<SqlUuid>) ", " (new.cart_versions as Array<BigInt>) ", "
                         (new.cart_rounds as Array<Integer>) ", " (new.providers as Array<Text>) ", "
                         (new.gateway_references as Array<Nullable<Text>>) ", "
                         (new.amounts_minor as Array<BigInt>) ", " (new.shipping_addresses as Array<Jsonb>) ")
                AS n (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference,
                      amount_minor, shipping_address)
         RETURNING expires_at
     ), priced AS (
         INSERT INTO payment_intent_items
                (payment_intent_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor)
         SELECT l.* FROM unnest("
                (new.line_intent_ids as Array<Text>) ", " (new.lines.variant_ids as Array<Text>) ", "
                (new.lines.vendor_ids as Array<Text>) ", " (new.lines.product_names as Array<Text>) ", "
                (new.lines.titles as Array<Text>) ", " (new.lines.skus as Array<Text>) ", "
                (new.lines.quantities as Array<Integer>) ", " (new.lines.unit_prices_minor as Array<BigInt>) ") AS l
     )
     SELECT DISTINCT made.expires_at FROM made"
}

/// Stores intents with their reservation `held`, and what was priced; returns when they expire. At least one.
pub async fn insert_with_snapshots(
    connection: &mut Connection,
    new: &NewIntents<'_>,
) -> Result<DateTime<Utc>, Error> {
    Ok(InsertAll { new }.get_result(connection).await?)
}

/// The keys of requests that made intents, one entry each in every column: answered, or leased until their gateway was
/// asked.
#[derive(Debug, Default)]
pub struct NewKeys<'a> {
    pub user_ids: Vec<&'a str>,
    pub keys: Vec<&'a str>,
    pub request_digests: Vec<&'a [u8]>,
    pub payment_intent_ids: Vec<&'a str>,
    pub response_bodies: Vec<Option<&'a [u8]>>,
    pub lease_seconds: f64,
}

statement! {
    InsertKeys<'a> { new: &'a NewKeys<'a> } -> Timestamptz;
    "WITH due AS MATERIALIZED (
         SELECT clock_timestamp() + make_interval(secs => " (new.lease_seconds as Double) ") AS leased_until
     ), stored AS (
         INSERT INTO idempotency_keys
                (user_id, idempotency_key, request_digest, payment_intent_id, leased_until, response_body)
         SELECT n.user_id, n.idempotency_key, n.request_digest, n.payment_intent_id,
                CASE WHEN n.response_body IS NULL THEN due.leased_until END, n.response_body
           FROM due, unnest(" (new.user_ids as Array<Text>) ", " (new.keys as Array<Text>) ", "
                              (new.request_digests as Array<Binary>) ", " (new.payment_intent_ids as Array<Text>) ", "
                              (new.response_bodies as Array<Nullable<Binary>>) ")
                     AS n (user_id, idempotency_key, request_digest, payment_intent_id, response_body)
     )
     SELECT due.leased_until FROM due"
}

/// Stores requests under keys that nothing is known of; returns when the leases of the unanswered ones end.
pub async fn insert_keys(connection: &mut Connection, new: &NewKeys<'_>) -> Result<DateTime<Utc>, Error> {
    Ok(InsertKeys { new }.get_result(connection).await?)
}
