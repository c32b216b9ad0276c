//! `payment_gateway_verifications` and `refunds`: money that the gateway says has moved.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl,
    dsl::now,
    sql_types::{BigInt, Jsonb, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::{
    Connection, Error,
    schema::{orders, payment_gateway_verifications, refunds},
};

/// A gateway transaction as the gateway told it.
#[derive(Debug, Clone, Copy)]
pub struct NewVerification<'a> {
    pub payment_intent_id: &'a str,
    pub provider: &'a str,
    pub gateway_transaction_id: &'a str,
    /// `completed`, `partially_refunded` or `refunded`.
    pub status: &'a str,
    pub amount_minor: i64,
    pub raw_response: &'a Value,
    pub source: &'a str,
}

statement! {
    Record<'a> {
        payment_intent_id: &'a str, provider: &'a str, gateway_transaction_id: &'a str, status: &'a str,
        amount_minor: i64, raw_response: &'a Value, source: &'a str,
    } -> (Text, BigInt);
    // A status only moves on; a transaction that another intent has used keeps its row and names that intent.
    "INSERT INTO payment_gateway_verifications AS known \
         (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) \
     VALUES (" (payment_intent_id as Text) ", " (provider as Text) ", " (gateway_transaction_id as Text) ", "
        (status as Text) ", " (amount_minor as BigInt) ", " (raw_response as Jsonb) ", " (source as Text) ") \
     ON CONFLICT (provider, gateway_transaction_id) DO UPDATE \
        SET status = CASE \
                WHEN known.payment_intent_id <> excluded.payment_intent_id OR known.status = 'refunded' \
                  OR excluded.status = 'completed' THEN known.status \
                ELSE excluded.status END, \
            raw_response = CASE WHEN known.payment_intent_id = excluded.payment_intent_id \
                THEN excluded.raw_response ELSE known.raw_response END, \
            updated_at = CASE WHEN known.payment_intent_id = excluded.payment_intent_id \
                THEN clock_timestamp() ELSE known.updated_at END \
     RETURNING payment_intent_id, amount_minor"
}

/// Records a gateway transaction once and returns the intent and amount it stands for: another intent's id
/// means that the transaction was used before.
pub async fn record_once(
    connection: &mut Connection,
    verification: NewVerification<'_>,
) -> Result<(String, i64), Error> {
    let NewVerification {
        payment_intent_id,
        provider,
        gateway_transaction_id,
        status,
        amount_minor,
        raw_response,
        source,
    } = verification;
    let record = Record {
        payment_intent_id,
        provider,
        gateway_transaction_id,
        status,
        amount_minor,
        raw_response,
        source,
    };
    Ok(record.get_result(connection).await?)
}

/// How many gateway transactions an intent has.
pub async fn count_of_intent(connection: &mut Connection, payment_intent_id: &str) -> Result<i64, Error> {
    Ok(payment_gateway_verifications::table
        .filter(payment_gateway_verifications::payment_intent_id.eq(payment_intent_id))
        .count()
        .get_result(connection)
        .await?)
}

/// Settles the refunds of an intent that the gateway was asked for. Returns how many there were.
pub async fn succeed_refunds_if_requested(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<usize, Error> {
    Ok(diesel::update(refunds::table)
        .filter(refunds::payment_intent_id.eq(payment_intent_id))
        .filter(refunds::status.eq("requested"))
        .set((refunds::status.eq("succeeded"), refunds::settled_at.eq(now)))
        .execute(connection)
        .await?)
}

statement! {
    InsertSeenRefund<'a> { payment_intent_id: &'a str, amount_minor: i64, idempotency_key: String, cause: &'a str }
    -> Nullable<BigInt>;
    "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at) \
     VALUES (" (payment_intent_id as Text) ", " (amount_minor as BigInt) ", 'succeeded', " (idempotency_key as Text) ", "
        (cause as Text) ", clock_timestamp()) \
     ON CONFLICT (idempotency_key) DO NOTHING"
}

/// Records a full refund that nobody here asked for, once an intent. `false`: it was recorded before.
pub async fn insert_refund_seen_once(
    connection: &mut Connection,
    payment_intent_id: &str,
    amount_minor: i64,
) -> Result<bool, Error> {
    let insert = InsertSeenRefund {
        payment_intent_id,
        amount_minor,
        idempotency_key: format!("seen_at_gateway:{payment_intent_id}"),
        cause: "the gateway says that everything was refunded",
    };
    Ok(insert.execute(connection).await? == 1)
}

/// Marks the order of an intent as refunded. `false`: there is none, or it is already.
pub async fn refund_order_if_confirmed(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<bool, Error> {
    let marked = diesel::update(orders::table)
        .filter(orders::payment_intent_id.eq(payment_intent_id))
        .filter(orders::status.eq("confirmed"))
        .set(orders::status.eq("refunded"))
        .execute(connection)
        .await?;
    Ok(marked == 1)
}

/// The amount of the newest completed verification of an intent, if there is one.
pub async fn verified_amount_of_intent(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<i64>, Error> {
    Ok(payment_gateway_verifications::table
        .filter(payment_gateway_verifications::payment_intent_id.eq(payment_intent_id))
        .order(payment_gateway_verifications::id.desc())
        .select(payment_gateway_verifications::amount_minor)
        .first(connection)
        .await
        .optional()?)
}
