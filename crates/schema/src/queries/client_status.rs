//! What a shopper may know of a payment intent.

use chrono::{DateTime, Utc};
use diesel::{
    Queryable,
    sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{Connection, Error};

/// The facts a shopper's status is made of.
#[derive(Debug, Clone, Queryable)]
pub struct StatusFacts {
    pub payment_intent_id: String,
    pub user_id: String,
    /// The intent's own status.
    pub status: String,
    /// A browser came back and the gateway has not been heard to the end yet.
    pub is_being_asked: bool,
    pub order_id: Option<Uuid>,
    pub order_number: Option<String>,
    pub updated_at: DateTime<Utc>,
}

statement! {
    // Not EXISTS: planned while few callbacks were known, it would read all of them into a hash at every call.
    FactsOf<'a> { payment_intent_ids: &'a [String] }
        -> (Text, Text, Text, Bool, Nullable<SqlUuid>, Nullable<Text>, Timestamptz);
    "SELECT pi.payment_intent_id, pi.user_id, pi.status,
            pi.question_closed_at IS NULL
                AND (SELECT true FROM payment_callbacks c
                      WHERE c.payment_intent_id = pi.payment_intent_id AND c.verdict <> 'invalid' LIMIT 1) IS NOT NULL,
            o.id, o.order_number, pi.updated_at
       FROM payment_intents pi
       LEFT JOIN orders o ON o.payment_intent_id = pi.payment_intent_id
      WHERE pi.payment_intent_id = ANY (" (payment_intent_ids as Array<Text>) ")"
}

/// The facts of those of these intents that exist, in any order.
pub async fn facts_of(
    connection: &mut Connection,
    payment_intent_ids: &[String],
) -> Result<Vec<StatusFacts>, Error> {
    Ok(FactsOf { payment_intent_ids }.load(connection).await?)
}
