//! Money that has no outcome yet, and what is wrong.

use chrono::{DateTime, Utc};
use diesel::{
    Queryable,
    sql_types::{BigInt, Double, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use crate::{Connection, Error};

/// Some payments: how many, how much, and how long the oldest has waited.
#[derive(Debug, Clone, Default, Queryable, Serialize)]
pub struct Sum {
    pub count: i64,
    pub amount_minor: i64,
    pub oldest_seconds: Option<f64>,
}

type SumRow = (BigInt, BigInt, Nullable<Double>);

statement! {
    SumOwedOrders { rows_max: i64 } -> SumRow;
    "SELECT count(*), coalesce(sum(amount_minor), 0)::bigint, extract(epoch FROM now() - min(updated_at))::float8 \
       FROM (SELECT amount_minor, updated_at FROM payment_intents WHERE status = 'verified' \
              ORDER BY updated_at LIMIT " (rows_max as BigInt) ") owed"
}

/// Paid intents whose order is owed; at most `rows_max` are summed.
pub async fn owed_orders(connection: &mut Connection, rows_max: i64) -> Result<Sum, Error> {
    Ok(SumOwedOrders { rows_max }.get_result(connection).await?)
}

statement! {
    SumRefunds { rows_max: i64 } -> SumRow;
    "SELECT count(*), coalesce(sum(amount_minor), 0)::bigint, extract(epoch FROM now() - min(created_at))::float8 \
       FROM (SELECT amount_minor, created_at FROM refunds WHERE status = 'requested' LIMIT " (rows_max as BigInt) ") r"
}

/// Refunds that no lookup has shown yet; at most `rows_max` are summed.
pub async fn requested_refunds(connection: &mut Connection, rows_max: i64) -> Result<Sum, Error> {
    Ok(SumRefunds { rows_max }.get_result(connection).await?)
}

/// Open review cases of a kind, and what was paid for intents that wait for their decision.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct OpenCases {
    pub kind: String,
    pub count: i64,
    pub oldest_seconds: f64,
    /// Those of paid intents under review.
    pub undecided_count: i64,
    pub undecided_minor: i64,
    pub undecided_oldest_seconds: Option<f64>,
}

statement! {
    CountOpenCases { rows_max: i64 } -> (Text, BigInt, Double, BigInt, BigInt, Nullable<Double>);
    "SELECT c.kind, count(*), extract(epoch FROM now() - min(c.created_at))::float8, \
            count(paid.minor), coalesce(sum(paid.minor), 0)::bigint, \
            extract(epoch FROM now() - min(c.created_at) FILTER (WHERE paid.minor IS NOT NULL))::float8 \
       FROM (SELECT kind, created_at, payment_intent_id FROM review_cases \
              WHERE status = 'open' ORDER BY id LIMIT " (rows_max as BigInt) ") c \
       LEFT JOIN LATERAL ( \
           SELECT sum(v.amount_minor) AS minor FROM payment_gateway_verifications v \
             JOIN payment_intents pi ON pi.payment_intent_id = v.payment_intent_id \
            WHERE v.payment_intent_id = c.payment_intent_id AND v.status <> 'refunded' AND pi.status = 'under_review' \
       ) paid ON true \
      GROUP BY c.kind ORDER BY c.kind"
}

/// Open cases by kind; at most `rows_max`, the oldest, are looked at.
pub async fn open_cases(connection: &mut Connection, rows_max: i64) -> Result<Vec<OpenCases>, Error> {
    Ok(CountOpenCases { rows_max }.load(connection).await?)
}

/// A broken invariant, and for how many subjects.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct Violations {
    pub invariant: String,
    pub count: i64,
    pub oldest_seconds: f64,
    /// One of them.
    pub subject: String,
    pub detail: String,
}

statement! {
    CountViolations { rows_max: i64 } -> (Text, BigInt, Double, Text, Text);
    "SELECT invariant, count(*), extract(epoch FROM now() - min(first_seen_at))::float8, \
            (array_agg(subject ORDER BY first_seen_at))[1], (array_agg(detail ORDER BY first_seen_at))[1] \
       FROM (SELECT * FROM invariant_check_results WHERE cleared_at IS NULL LIMIT " (rows_max as BigInt) ") r \
      GROUP BY invariant ORDER BY invariant"
}

/// What the reaper's last check found and has not seen whole since; at most `rows_max` are counted.
pub async fn violations(connection: &mut Connection, rows_max: i64) -> Result<Vec<Violations>, Error> {
    Ok(CountViolations { rows_max }.load(connection).await?)
}

/// When the reaper last checked the invariants; `None` where it never did.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct Checks {
    /// What had changed.
    pub changes_at: Option<DateTime<Utc>>,
    pub changes_seconds_ago: Option<f64>,
    /// Everything.
    pub everything_at: Option<DateTime<Utc>>,
}

statement! {
    ReadChecks { } -> (Nullable<Timestamptz>, Nullable<Double>, Nullable<Timestamptz>);
    "SELECT checked_at, extract(epoch FROM now() - checked_at)::float8, round_ended_at FROM invariant_check_progress"
}

/// How fresh [`violations`] are.
pub async fn checks(connection: &mut Connection) -> Result<Checks, Error> {
    Ok(ReadChecks {}.get_result(connection).await?)
}
