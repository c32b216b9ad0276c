//! `payment_gateway_verifications`: money that the gateway says has moved.

use diesel::{
    ExpressionMethods, QueryDsl,
    sql_types::{BigInt, Bool, Jsonb, Text},
};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::{Connection, Error, schema::payment_gateway_verifications};

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

/// What was paid for an intent, as the gateway told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::Queryable)]
pub struct PaidMoney {
    /// Gateway transactions of the intent; 0 when no payment of it was ever verified.
    pub transactions: i64,
    /// Amount of the newest one.
    pub paid_minor: i64,
    /// Whether the gateway says that part of it, or all of it, went back.
    pub has_gone_back: bool,
    pub currency_is_the_intents: bool,
}

statement! {
    PaidFor<'a> { payment_intent_id: &'a str } -> (BigInt, BigInt, Bool, Bool);
    "SELECT count(*), coalesce((array_agg(v.amount_minor ORDER BY v.id DESC))[1], 0), \
            coalesce(bool_or(v.status <> 'completed'), false), coalesce(bool_and(v.currency = pi.currency), false) \
       FROM payment_gateway_verifications v JOIN payment_intents pi USING (payment_intent_id) \
      WHERE v.payment_intent_id = " (payment_intent_id as Text)
}

/// What was paid for an intent.
pub async fn paid_for_intent(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<PaidMoney, Error> {
    Ok(PaidFor { payment_intent_id }.get_result(connection).await?)
}
