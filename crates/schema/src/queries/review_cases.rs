//! `review_cases`: one open case an intent; later evidence is appended.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl,
    dsl::now,
    sql_types::{BigInt, Jsonb, Text},
};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::{Connection, Error, schema::review_cases};

statement! {
    OpenOrAppend<'a> { payment_intent_id: &'a str, kind: &'a str, evidence: &'a Value } -> BigInt;
    "INSERT INTO review_cases (payment_intent_id, kind, detail) \
     VALUES (" (payment_intent_id as Text) ", " (kind as Text) ", \
             jsonb_build_array(" (evidence as Jsonb) " || jsonb_build_object('at', clock_timestamp()))) \
     ON CONFLICT (payment_intent_id) WHERE status = 'open' \
     DO UPDATE SET detail = review_cases.detail || excluded.detail \
      WHERE NOT review_cases.detail @> jsonb_build_array(" (evidence as Jsonb) ")"
}

/// Opens a case, or appends to the open one evidence that it does not have yet.
pub async fn open_or_append(
    connection: &mut Connection,
    payment_intent_id: &str,
    kind: &str,
    evidence: &Value,
) -> Result<(), Error> {
    OpenOrAppend { payment_intent_id, kind, evidence }.execute(connection).await?;
    Ok(())
}

/// The kind of an intent's open case, if it has one.
pub async fn open_kind_of_intent(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<String>, Error> {
    Ok(review_cases::table
        .filter(review_cases::payment_intent_id.eq(payment_intent_id))
        .filter(review_cases::status.eq("open"))
        .select(review_cases::kind)
        .first(connection)
        .await
        .optional()?)
}

/// Resolves the open cases of intents, if they have any. Returns how many there were.
pub async fn resolve_open_of_intents(
    connection: &mut Connection,
    payment_intent_ids: &[&str],
    resolution: &str,
    resolved_by: &str,
    reason: &str,
) -> Result<usize, Error> {
    Ok(diesel::update(review_cases::table)
        .filter(review_cases::payment_intent_id.eq_any(payment_intent_ids))
        .filter(review_cases::status.eq("open"))
        .set((
            review_cases::status.eq("resolved"),
            review_cases::resolution.eq(resolution),
            review_cases::resolved_by.eq(resolved_by),
            review_cases::resolution_reason.eq(reason),
            review_cases::resolved_at.eq(now),
        ))
        .execute(connection)
        .await?)
}

/// Resolves the open case of an intent. `false`: none is open.
pub async fn resolve_if_open(
    connection: &mut Connection,
    payment_intent_id: &str,
    resolution: &str,
    resolved_by: &str,
    reason: &str,
) -> Result<bool, Error> {
    let resolved = diesel::update(review_cases::table)
        .filter(review_cases::payment_intent_id.eq(payment_intent_id))
        .filter(review_cases::status.eq("open"))
        .set((
            review_cases::status.eq("resolved"),
            review_cases::resolution.eq(resolution),
            review_cases::resolved_by.eq(resolved_by),
            review_cases::resolution_reason.eq(reason),
            review_cases::resolved_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(resolved == 1)
}
