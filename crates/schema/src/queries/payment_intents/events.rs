//! `payment_intent_events`: answers are written here; moves write themselves.

use diesel::ExpressionMethods;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::{Connection, Error, schema::payment_intent_events};

/// Writes down what a gateway answered.
pub async fn insert_answer(
    connection: &mut Connection,
    payment_intent_id: &str,
    outcome: &str,
    cause: &str,
    raw_response: &Value,
) -> Result<(), Error> {
    diesel::insert_into(payment_intent_events::table)
        .values((
            payment_intent_events::payment_intent_id.eq(payment_intent_id),
            payment_intent_events::kind.eq("gateway_answered"),
            payment_intent_events::outcome.eq(outcome),
            payment_intent_events::cause.eq(cause),
            payment_intent_events::detail.eq(raw_response),
        ))
        .execute(connection)
        .await?;
    Ok(())
}
