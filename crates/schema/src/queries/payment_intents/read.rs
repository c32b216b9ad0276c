//! An intent as questions and answers need it. Never the address.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable,
    dsl::sql,
    sql_types::{BigInt, Bool, Double, Integer, Nullable, SmallInt, Text},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{Connection, Error, schema::payment_intents};

/// What is needed to ask about an intent and to place the answer.
#[derive(Debug, Clone, Queryable)]
pub struct IntentUnderQuestion {
    pub payment_intent_id: String,
    pub provider: String,
    pub gateway_reference: Option<String>,
    pub status: String,
    pub reservation: String,
    pub amount_minor: i64,
    pub refunded_minor: i64,
    pub not_found_answers: i16,
    /// Seconds since the intent was made, by the database's clock.
    pub age_seconds: f64,
    /// Seconds since its status last changed.
    pub status_age_seconds: f64,
}

macro_rules! columns_under_question {
    () => {
        (
            payment_intents::payment_intent_id,
            payment_intents::provider,
            payment_intents::gateway_reference,
            payment_intents::status,
            payment_intents::reservation,
            payment_intents::amount_minor,
            payment_intents::refunded_minor,
            payment_intents::not_found_answers,
            sql::<Double>("extract(epoch FROM clock_timestamp() - created_at)::float8"),
            sql::<Double>("extract(epoch FROM clock_timestamp() - updated_at)::float8"),
        )
    };
}

/// The intent, unlocked.
pub async fn under_question(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<IntentUnderQuestion>, Error> {
    Ok(payment_intents::table
        .filter(payment_intents::payment_intent_id.eq(payment_intent_id))
        .select(columns_under_question!())
        .first(connection)
        .await
        .optional()?)
}

/// The intent, locked until the transaction ends.
pub async fn under_question_for_update(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<IntentUnderQuestion>, Error> {
    Ok(payment_intents::table
        .filter(payment_intents::payment_intent_id.eq(payment_intent_id))
        .select(columns_under_question!())
        .for_no_key_update()
        .first(connection)
        .await
        .optional()?)
}

/// An intent as a batch of finalizations sees it, locked.
#[derive(Debug, Clone, Queryable)]
pub struct IntentToFinalize {
    pub payment_intent_id: String,
    pub provider: String,
    pub status: String,
    pub reservation: String,
    pub cart_id: Uuid,
    pub cart_round: i32,
    pub amount_minor: i64,
    /// Seconds since its status last changed.
    pub status_age_seconds: f64,
}

statement! {
    // A cart has at most one open intent. Found cart by cart, since one scan for all of them would be over every open intent;
    // and looked at again under its lock, since it may have been paid meanwhile.
    LockToFinalize<'a> { payment_intent_ids: &'a [&'a str], cart_ids: &'a [Uuid] }
    -> (Text, Text, Text, Text, diesel::sql_types::Uuid, Integer, BigInt, Double);
    "WITH wanted AS MATERIALIZED ( \
         SELECT unnest(" (payment_intent_ids as diesel::sql_types::Array<Text>) ") AS payment_intent_id \
     ) \
     SELECT pi.payment_intent_id, pi.provider, pi.status, pi.reservation, pi.cart_id, pi.cart_round, pi.amount_minor, \
            extract(epoch FROM clock_timestamp() - pi.updated_at)::float8 \
       FROM payment_intents pi \
      WHERE pi.payment_intent_id = ANY (ARRAY( \
                SELECT w.payment_intent_id FROM wanted w \
                 UNION ALL \
                SELECT open.payment_intent_id \
                  FROM unnest(" (cart_ids as diesel::sql_types::Array<diesel::sql_types::Uuid>) ") AS cart (cart_id) \
                 CROSS JOIN LATERAL (SELECT o.payment_intent_id FROM payment_intents o \
                                      WHERE o.cart_id = cart.cart_id \
                                        AND o.status IN ('created', 'awaiting_payment') LIMIT 1) AS open)) \
        AND (pi.payment_intent_id = ANY (ARRAY(SELECT w.payment_intent_id FROM wanted w)) \
             OR pi.status IN ('created', 'awaiting_payment')) \
      ORDER BY pi.payment_intent_id FOR NO KEY UPDATE"
}

/// Locks the intents to finalize and, of their carts, the unpaid ones that an order would supersede.
pub async fn lock_to_finalize_for_update(
    connection: &mut Connection,
    payment_intent_ids: &[&str],
    cart_ids: &[Uuid],
) -> Result<Vec<IntentToFinalize>, Error> {
    Ok(LockToFinalize { payment_intent_ids, cart_ids }.load(connection).await?)
}

/// What can be asked about without knowing more: provider, reference, amount.
pub async fn provider_of(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<String>, Error> {
    Ok(payment_intents::table
        .filter(payment_intents::payment_intent_id.eq(payment_intent_id))
        .select(payment_intents::provider)
        .first(connection)
        .await
        .optional()?)
}

statement! {
    FindByReference<'a> { provider: &'a str, gateway_reference: &'a str }
    -> (Text, Text, Nullable<Text>, Text, Text, BigInt, BigInt, SmallInt, Double, Double);
    "SELECT payment_intent_id, provider, gateway_reference, status, reservation, amount_minor, refunded_minor, \
            not_found_answers, extract(epoch FROM clock_timestamp() - created_at)::float8, \
            extract(epoch FROM clock_timestamp() - updated_at)::float8 \
       FROM payment_intents WHERE provider = " (provider as Text) " AND gateway_reference = " (gateway_reference as Text)
}

/// The intent behind a gateway's handle: webhooks name nothing else.
pub async fn under_question_by_reference(
    connection: &mut Connection,
    provider: &str,
    gateway_reference: &str,
) -> Result<Option<IntentUnderQuestion>, Error> {
    Ok(FindByReference { provider, gateway_reference }.get_result(connection).await.optional()?)
}

statement! {
    RoundIsTaken<'a> { payment_intent_id: &'a str } -> Bool;
    "SELECT c.round > pi.cart_round FROM payment_intents pi JOIN carts c USING (cart_id) \
      WHERE pi.payment_intent_id = " (payment_intent_id as Text)
}

/// Whether the cart round of an intent has become an order.
pub async fn round_has_an_order(connection: &mut Connection, payment_intent_id: &str) -> Result<bool, Error> {
    Ok(RoundIsTaken { payment_intent_id }.get_result(connection).await?)
}
