//! What was heard of a payment before its gateway said that it is paid.

use diesel::sql_types::{Bool, Double, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

/// Since when a payment may have been made.
#[derive(Debug, Clone, Copy, diesel::Queryable)]
pub struct Hearsay {
    /// Seconds since the gateway last said that it was not paid, or since the intent was made.
    pub unpaid_seconds_ago: f64,
    /// Seconds since the first callback after that, if one came.
    pub callback_seconds_ago: Option<f64>,
    /// Whether the gateway has failed to answer after that callback.
    pub gateway_failed: bool,
}

statement! {
    FindHearsay<'a> { payment_intent_id: &'a str } -> (Double, Nullable<Double>, Bool);
    "WITH unpaid AS ( \
         SELECT greatest(pi.created_at, ( \
             SELECT max(e.created_at) FROM payment_intent_events e \
              WHERE e.payment_intent_id = pi.payment_intent_id AND e.outcome IN ('undecided', 'unpaid', 'not_found'))) AS at \
           FROM payment_intents pi WHERE pi.payment_intent_id = " (payment_intent_id as Text) " \
     ), heard AS ( \
         SELECT min(c.created_at) AS at FROM payment_callbacks c \
          WHERE c.payment_intent_id = " (payment_intent_id as Text) " AND c.verdict <> 'invalid' \
            AND c.created_at > (SELECT at FROM unpaid) \
     ) \
     SELECT extract(epoch FROM clock_timestamp() - unpaid.at)::float8, \
            extract(epoch FROM clock_timestamp() - heard.at)::float8, \
            EXISTS (SELECT FROM payment_intent_events e \
                     WHERE e.payment_intent_id = " (payment_intent_id as Text) " AND e.outcome = 'unknown' \
                       AND e.created_at > heard.at) \
       FROM unpaid CROSS JOIN heard"
}

/// Reads the callbacks and answers of one intent.
pub async fn of_intent(connection: &mut Connection, payment_intent_id: &str) -> Result<Hearsay, Error> {
    Ok(FindHearsay { payment_intent_id }.get_result(connection).await?)
}
