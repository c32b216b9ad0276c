//! `review_cases`: one open case an intent; later evidence is appended.

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, Queryable,
    dsl::sql,
    sql_types::{Array, BigInt, Bool, Double, Jsonb, Text},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Connection, Error,
    schema::{payment_intents, review_cases},
};

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

/// How many of these intents have an open case.
pub async fn count_open_of_intents(
    connection: &mut Connection,
    payment_intent_ids: &[&str],
) -> Result<i64, Error> {
    Ok(review_cases::table
        .filter(review_cases::payment_intent_id.eq_any(payment_intent_ids))
        .filter(review_cases::status.eq("open"))
        .count()
        .get_result(connection)
        .await?)
}

// Runs with every batch of orders: Diesel's own UPDATE is prepared anew at each call.
statement! {
    ResolveOpen<'a> {
        payment_intent_ids: &'a [&'a str], resolution: &'a str, resolved_by: &'a str, reason: &'a str,
    } -> BigInt;
    "UPDATE review_cases \
        SET status = 'resolved', resolution = " (resolution as Text) ", resolved_by = " (resolved_by as Text) ", \
            resolution_reason = " (reason as Text) ", resolved_at = now() \
      WHERE payment_intent_id = ANY (" (payment_intent_ids as Array<Text>) ") AND status = 'open'"
}

/// Resolves the open cases of intents, if they have any. Returns how many there were.
pub async fn resolve_open_of_intents(
    connection: &mut Connection,
    payment_intent_ids: &[&str],
    resolution: &str,
    resolved_by: &str,
    reason: &str,
) -> Result<usize, Error> {
    let resolve = ResolveOpen { payment_intent_ids, resolution, resolved_by, reason };
    Ok(resolve.execute(connection).await?)
}

/// Resolves the open case of an intent. `false`: none is open.
pub async fn resolve_if_open(
    connection: &mut Connection,
    payment_intent_id: &str,
    resolution: &str,
    resolved_by: &str,
    reason: &str,
) -> Result<bool, Error> {
    let resolved =
        resolve_open_of_intents(connection, &[payment_intent_id], resolution, resolved_by, reason).await?;
    Ok(resolved == 1)
}

/// The newest case of an intent, open or not.
#[derive(Debug, Clone, Queryable)]
pub struct NewestCase {
    pub id: i64,
    pub kind: String,
    pub is_open: bool,
    pub resolution: Option<String>,
    pub resolved_by: Option<String>,
}

/// The newest case of an intent that the caller has locked; no other can be opened or resolved meanwhile.
pub async fn newest_of_intent(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<NewestCase>, Error> {
    Ok(review_cases::table
        .filter(review_cases::payment_intent_id.eq(payment_intent_id))
        .order(review_cases::id.desc())
        .select((
            review_cases::id,
            review_cases::kind,
            review_cases::status.eq("open"),
            review_cases::resolution,
            review_cases::resolved_by,
        ))
        .first(connection)
        .await
        .optional()?)
}

statement! {
    WasDecided<'a> { payment_intent_id: &'a str, evidence: &'a Value } -> Bool;
    "SELECT EXISTS (SELECT FROM review_cases c \
                     WHERE c.payment_intent_id = " (payment_intent_id as Text) " \
                       AND c.resolution IN ('fulfilled', 'refunded', 'refunded_by_hand', 'dismissed') \
                       AND c.resolved_by <> 'status table' \
                       AND c.detail @> jsonb_build_array(" (evidence as Jsonb) "))"
}

/// Whether an operator resolved a case of this intent that had exactly this evidence.
pub async fn was_decided_by_operator(
    connection: &mut Connection,
    payment_intent_id: &str,
    evidence: &Value,
) -> Result<bool, Error> {
    Ok(WasDecided { payment_intent_id, evidence }.get_result(connection).await?)
}

statement! {
    WasKnown<'a> { payment_intent_id: &'a str } -> Bool;
    "SELECT EXISTS (SELECT FROM review_cases c \
                     WHERE c.payment_intent_id = " (payment_intent_id as Text) " AND c.resolution = 'dismissed' \
                       AND NOT EXISTS (SELECT FROM payment_gateway_verifications v \
                                        WHERE v.payment_intent_id = c.payment_intent_id AND v.created_at > c.resolved_at) \
                       AND EXISTS (SELECT FROM payment_gateway_verifications v \
                                    WHERE v.payment_intent_id = c.payment_intent_id))"
}

/// Whether every payment of this intent was already there when an operator dismissed a case of it.
pub async fn payment_was_dismissed(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<bool, Error> {
    Ok(WasKnown { payment_intent_id }.get_result(connection).await?)
}

/// A case as a list shows it.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct ListedCase {
    pub id: i64,
    pub payment_intent_id: String,
    pub kind: String,
    pub status: String,
    pub resolution: Option<String>,
    pub resolved_by: Option<String>,
    pub intent_status: String,
    pub amount_minor: i64,
    pub refunded_minor: i64,
    pub created_at: DateTime<Utc>,
    pub resolved_at: Option<DateTime<Utc>>,
}

/// Which cases are wanted; `None` asks for nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct CaseFilter {
    pub status: Option<&'static str>,
    pub kind: Option<&'static str>,
    pub age_at_least_seconds: Option<f64>,
}

/// At most `cases_max` cases after an id, oldest first.
pub async fn list_after(
    connection: &mut Connection,
    after_id: i64,
    filter: CaseFilter,
    cases_max: i64,
) -> Result<Vec<ListedCase>, Error> {
    let mut cases = review_cases::table
        .inner_join(
            payment_intents::table.on(payment_intents::payment_intent_id.eq(review_cases::payment_intent_id)),
        )
        .filter(review_cases::id.gt(after_id))
        .order(review_cases::id)
        .limit(cases_max)
        .select((
            review_cases::id,
            review_cases::payment_intent_id,
            review_cases::kind,
            review_cases::status,
            review_cases::resolution,
            review_cases::resolved_by,
            payment_intents::status,
            payment_intents::amount_minor,
            payment_intents::refunded_minor,
            review_cases::created_at,
            review_cases::resolved_at,
        ))
        .into_boxed();
    // Written out, because the index of open cases is chosen for this word and not for a parameter.
    if filter.status == Some("open") {
        cases = cases.filter(sql::<Bool>("review_cases.status = 'open'"));
    } else if let Some(status) = filter.status {
        cases = cases.filter(review_cases::status.eq(status));
    }
    if let Some(kind) = filter.kind {
        cases = cases.filter(review_cases::kind.eq(kind));
    }
    if let Some(seconds) = filter.age_at_least_seconds {
        cases = cases.filter(
            sql::<Bool>("review_cases.created_at <= now() - make_interval(secs => ")
                .bind::<Double, _>(seconds)
                .sql(")"),
        );
    }
    Ok(cases.load(connection).await?)
}
