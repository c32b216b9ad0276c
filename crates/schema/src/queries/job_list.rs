//! `job_queue` as operators read it: lists by state, failures by kind, one job whole.
//!
//! Unfinished jobs have partial indexes; finished ones have none, so a list walks the primary key. Every walk ends at
//! `examined_max` rows, and whoever lists says so.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension, Queryable,
    sql_types::{BigInt, Bool, Double, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use crate::{Connection, Error};

/// Which jobs are wanted; `None` asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Of all states, where the list is not of one already.
    pub status: Option<String>,
    pub job_type: Option<String>,
    /// Enqueued at least so long ago.
    pub age_at_least_seconds: Option<f64>,
    /// Part of the last error, in any case.
    pub error: Option<String>,
    /// The error's first line with every word that has a digit in it written as `#`.
    pub error_kind: Option<String>,
}

/// A job as a list shows it.
#[derive(Debug, Clone, PartialEq, Queryable, Serialize)]
pub struct ListedJob {
    pub id: i64,
    pub job_type: String,
    pub status: String,
    pub priority: i32,
    pub attempts: i32,
    pub max_attempts: i32,
    pub crash_count: i32,
    pub run_at: DateTime<Utc>,
    pub locked_by: Option<String>,
    pub locked_until: Option<DateTime<Utc>>,
    /// The last error's first line, at most 300 characters.
    pub error_line: Option<String>,
    pub payment_intent_id: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Where the list of pending jobs goes on: after the last row shown or examined.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct DuePlace {
    pub job_type: String,
    pub priority: i32,
    pub run_at: DateTime<Utc>,
    pub id: i64,
}

/// A list's two statements: its rows after a place, and where its bounded walk from there ends.
macro_rules! job_list {
    (
        $rows:ident, $end:ident -> $place:ty, $is_in_list:literal, in order of $order:literal, at $columns:literal,
        after { $($field:ident: $rust:ty),* } [$($is_after:tt)*]
    ) => {
        statement! {
            $rows<'a> { filter: &'a JobFilter, examined_max: i64, rows_max: i64, $($field: $rust),* }
            -> (BigInt, Text, Text, Integer, Integer, Integer, Integer, Timestamptz, Nullable<Text>,
                Nullable<Timestamptz>, Nullable<Text>, Nullable<Text>, Timestamptz, Timestamptz);
            "SELECT j.id, j.job_type, j.status, j.priority, j.attempts, j.max_attempts, j.crash_count, j.run_at, \
                    j.locked_by, j.locked_until, left(split_part(j.last_error, chr(10), 1), 300), \
                    CASE WHEN jsonb_typeof(j.payload -> 'payment_intent_id') = 'string' THEN j.payload ->> 'payment_intent_id' \
                 WHEN starts_with(j.idempotency_key, j.job_type || ':') \
                 THEN substr(j.idempotency_key, char_length(j.job_type) + 2) END, \
                    j.created_at, j.updated_at \
               FROM (SELECT q.* FROM job_queue q WHERE " $is_in_list " AND " $($is_after)* " ORDER BY " $order "
                      LIMIT " (examined_max as BigInt) ") AS j \
              WHERE (" (filter.status as Nullable<Text>) " IS NULL OR j.status = " (filter.status as Nullable<Text>) ") \
                AND (" (filter.job_type as Nullable<Text>) " IS NULL \
                     OR j.job_type = " (filter.job_type as Nullable<Text>) ") \
                AND (" (filter.age_at_least_seconds as Nullable<Double>) " IS NULL OR j.created_at <= now() \
                     - make_interval(secs => " (filter.age_at_least_seconds as Nullable<Double>) ")) \
                AND (" (filter.error as Nullable<Text>) " IS NULL \
                     OR position(lower(" (filter.error as Nullable<Text>) ") IN lower(j.last_error)) > 0) \
                AND (" (filter.error_kind as Nullable<Text>) " IS NULL \
                     OR regexp_replace(left(split_part(coalesce(j.last_error, ''), chr(10), 1), 300), \
                                       '\\w*\\d\\w*', '#', 'g') \
                        = " (filter.error_kind as Nullable<Text>) ") \
              LIMIT " (rows_max as BigInt)
        }

        statement! {
            // Reads the list's index alone.
            $end { examined_max: i64, $($field: $rust),* } -> $place;
            "SELECT " $columns " FROM job_queue q WHERE " $is_in_list " AND " $($is_after)* " \
              ORDER BY " $order " LIMIT 1 OFFSET " (examined_max as BigInt) " - 1"
        }
    };
}

job_list!(
    NewestOfAll, EndOfAll -> BigInt, "true", in order of "q.id DESC", at "q.id",
    after { before_id: i64 } ["q.id < " (before_id as BigInt)]
);
job_list!(
    NewestFailed, EndOfFailed -> BigInt, "q.status = 'failed'", in order of "q.id DESC", at "q.id",
    after { before_id: i64 } ["q.id < " (before_id as BigInt)]
);
job_list!(
    NewestProcessing, EndOfProcessing -> BigInt, "q.status = 'processing'", in order of "q.id DESC", at "q.id",
    after { before_id: i64 } ["q.id < " (before_id as BigInt)]
);
job_list!(
    NextPending, EndOfPending -> (Text, Integer, Timestamptz, BigInt), "q.status = 'pending'",
    in order of "q.job_type, q.priority, q.run_at, q.id", at "q.job_type, q.priority, q.run_at, q.id",
    after { job_type: String, priority: i32, run_at: DateTime<Utc>, id: i64 }
    ["(q.job_type, q.priority, q.run_at, q.id) > (" (job_type as Text) ", " (priority as Integer) ", "
     (run_at as Timestamptz) ", " (id as BigInt) ")"]
);

/// A page of a list: at most so many rows, found among at most so many.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub examined_max: i64,
    pub rows_max: i64,
}

/// Jobs older than an id, newest first.
pub async fn newest_before(
    connection: &mut Connection,
    filter: &JobFilter,
    before_id: i64,
    Page { examined_max, rows_max }: Page,
) -> Result<Vec<ListedJob>, Error> {
    Ok(NewestOfAll { filter, examined_max, rows_max, before_id }.load(connection).await?)
}

/// The `examined_max`-th job older than an id; `None`: there are fewer.
pub async fn end_of_walk_before(
    connection: &mut Connection,
    before_id: i64,
    examined_max: i64,
) -> Result<Option<i64>, Error> {
    Ok(EndOfAll { examined_max, before_id }.get_result(connection).await.optional()?)
}

/// Failed jobs older than an id, newest first.
pub async fn newest_failed_before(
    connection: &mut Connection,
    filter: &JobFilter,
    before_id: i64,
    Page { examined_max, rows_max }: Page,
) -> Result<Vec<ListedJob>, Error> {
    Ok(NewestFailed { filter, examined_max, rows_max, before_id }.load(connection).await?)
}

/// The `examined_max`-th failed job older than an id; `None`: there are fewer.
pub async fn end_of_failed_walk_before(
    connection: &mut Connection,
    before_id: i64,
    examined_max: i64,
) -> Result<Option<i64>, Error> {
    Ok(EndOfFailed { examined_max, before_id }.get_result(connection).await.optional()?)
}

/// Running jobs older than an id, newest first.
pub async fn newest_processing_before(
    connection: &mut Connection,
    filter: &JobFilter,
    before_id: i64,
    Page { examined_max, rows_max }: Page,
) -> Result<Vec<ListedJob>, Error> {
    Ok(NewestProcessing { filter, examined_max, rows_max, before_id }.load(connection).await?)
}

/// The `examined_max`-th running job older than an id; `None`: there are fewer.
pub async fn end_of_processing_walk_before(
    connection: &mut Connection,
    before_id: i64,
    examined_max: i64,
) -> Result<Option<i64>, Error> {
    Ok(EndOfProcessing { examined_max, before_id }.get_result(connection).await.optional()?)
}

/// Pending jobs after a place, type by type, each in the order in which its jobs are claimed.
pub async fn next_pending_after(
    connection: &mut Connection,
    filter: &JobFilter,
    DuePlace { job_type, priority, run_at, id }: DuePlace,
    Page { examined_max, rows_max }: Page,
) -> Result<Vec<ListedJob>, Error> {
    Ok(NextPending { filter, examined_max, rows_max, job_type, priority, run_at, id }
        .load(connection)
        .await?)
}

/// The `examined_max`-th pending job after a place; `None`: there are fewer.
pub async fn end_of_pending_walk_after(
    connection: &mut Connection,
    DuePlace { job_type, priority, run_at, id }: DuePlace,
    examined_max: i64,
) -> Result<Option<DuePlace>, Error> {
    Ok(EndOfPending { examined_max, job_type, priority, run_at, id }
        .get_result(connection)
        .await
        .optional()?)
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize)]
pub struct FailureKind {
    pub job_type: String,
    /// As `JobFilter::error_kind` wants it.
    pub error_kind: String,
    pub count: i64,
    /// One of them, the newest.
    pub newest_id: i64,
    pub newest_failed_at: DateTime<Utc>,
}

statement! {
    GroupFailures { examined_max: i64, kinds_max: i64 } -> (Text, Text, BigInt, BigInt, Timestamptz);
    "SELECT f.job_type, f.error_kind, count(*), max(f.id), max(f.failed_at) \
       FROM (SELECT q.id, q.job_type, q.failed_at, \
                    regexp_replace(left(split_part(coalesce(q.last_error, ''), chr(10), 1), 300), \
                                   '\\w*\\d\\w*', '#', 'g') AS error_kind \
               FROM job_queue q WHERE q.status = 'failed' ORDER BY q.id DESC LIMIT " (examined_max as BigInt) ") AS f \
      GROUP BY f.job_type, f.error_kind ORDER BY count(*) DESC, max(f.id) DESC LIMIT " (kinds_max as BigInt)
}

/// The newest `examined_max` failed jobs by type and kind of error, the most frequent first.
pub async fn group_newest_failed(
    connection: &mut Connection,
    examined_max: i64,
    kinds_max: i64,
) -> Result<Vec<FailureKind>, Error> {
    Ok(GroupFailures { examined_max, kinds_max }.load(connection).await?)
}

/// A job whole, as one page shows it.
#[derive(Debug, Clone, PartialEq, Queryable, Serialize)]
pub struct JobRow {
    pub id: i64,
    pub job_type: String,
    pub payload: Value,
    pub priority: i32,
    pub status: String,
    pub attempts: i32,
    pub max_attempts: i32,
    pub crash_count: i32,
    pub run_at: DateTime<Utc>,
    pub is_due: bool,
    pub locked_by: Option<String>,
    pub locked_until: Option<DateTime<Utc>>,
    pub lease_no: i64,
    pub last_error: Option<String>,
    pub idempotency_key: Option<String>,
    pub trace_context: Option<Value>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
    pub failed_at: Option<DateTime<Utc>>,
    /// The intent that it is about, where there is one.
    pub payment_intent_id: Option<String>,
}

statement! {
    FindJob { id: i64 } -> (BigInt, Text, Jsonb, Integer, Text, Integer, Integer, Integer, Timestamptz, Bool, Nullable<Text>,
        Nullable<Timestamptz>, BigInt, Nullable<Text>, Nullable<Text>, Nullable<Jsonb>, Timestamptz, Timestamptz,
        Nullable<Timestamptz>, Nullable<Timestamptz>, Nullable<Text>);
    "SELECT j.id, j.job_type, j.payload, j.priority, j.status, j.attempts, j.max_attempts, j.crash_count, j.run_at, \
            j.run_at <= clock_timestamp(), j.locked_by, j.locked_until, j.lease_no, j.last_error, j.idempotency_key, \
            j.trace_context, j.created_at, j.updated_at, j.completed_at, j.failed_at, pi.payment_intent_id \
       FROM job_queue j \
       LEFT JOIN payment_intents pi ON pi.payment_intent_id \
                 = CASE WHEN jsonb_typeof(j.payload -> 'payment_intent_id') = 'string' THEN j.payload ->> 'payment_intent_id' \
                 WHEN starts_with(j.idempotency_key, j.job_type || ':') \
                 THEN substr(j.idempotency_key, char_length(j.job_type) + 2) END \
      WHERE j.id = " (id as BigInt)
}

/// One job.
pub async fn find(connection: &mut Connection, id: i64) -> Result<Option<JobRow>, Error> {
    Ok(FindJob { id }.get_result(connection).await.optional()?)
}
