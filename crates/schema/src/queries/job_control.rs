//! `job_queue` as operators change it. A job that was claimed since the operator looked has another `lease_no`:
//! every write names the one that was seen.

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension, Queryable,
    sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::job_list::JobFilter;
use crate::{Connection, Error};

/// A job that the caller has locked.
#[derive(Debug, Clone, PartialEq, Queryable)]
pub struct LockedJob {
    pub id: i64,
    pub job_type: String,
    pub status: String,
    pub lease_no: i64,
    pub is_due: bool,
    pub idempotency_key: Option<String>,
    /// The intent it names, known or not.
    pub payment_intent_id: Option<String>,
    /// As the audit log shows it.
    pub state: Value,
}

/// A lock on one job. What it is about, its payload says, or its key where that cannot be read: as for whoever runs it.
macro_rules! lock_job {
    ($name:ident $(<$lifetime:lifetime>)? { $field:ident: $rust:ty } [$($is_wanted:tt)*]) => {
        statement! {
            $name $(<$lifetime>)? { $field: $rust }
            -> (BigInt, Text, Text, BigInt, Bool, Nullable<Text>, Nullable<Text>, Jsonb);
            "SELECT j.id, j.job_type, j.status, j.lease_no, j.run_at <= clock_timestamp(), j.idempotency_key, \
                    CASE WHEN jsonb_typeof(j.payload -> 'payment_intent_id') = 'string' THEN j.payload ->> 'payment_intent_id' \
                         WHEN starts_with(j.idempotency_key, j.job_type || ':') \
                         THEN substr(j.idempotency_key, char_length(j.job_type) + 2) END, \
                    jsonb_build_object('job_type', j.job_type, 'status', j.status, 'attempts', j.attempts, \
                                       'crash_count', j.crash_count, 'run_at', j.run_at, 'lease_no', j.lease_no) \
               FROM job_queue j WHERE " $($is_wanted)* " FOR NO KEY UPDATE"
        }
    };
}

lock_job!(LockJob { id: i64 }["j.id = "(id as BigInt)]);

/// The job, locked until the transaction ends. Comes before any other lock.
pub async fn find_for_update(connection: &mut Connection, id: i64) -> Result<Option<LockedJob>, Error> {
    Ok(LockJob { id }.get_result(connection).await.optional()?)
}

lock_job!(
    LockLive<'a> { idempotency_key: &'a str }
    ["j.idempotency_key = " (idempotency_key as Text) " AND j.status IN ('pending', 'processing')"]
);

/// The live job of a key, locked until the transaction ends. Comes before any other lock.
pub async fn live_of_key_for_update(
    connection: &mut Connection,
    idempotency_key: &str,
) -> Result<Option<LockedJob>, Error> {
    Ok(LockLive { idempotency_key }.get_result(connection).await.optional()?)
}

statement! {
    LiveOfKey<'a> { idempotency_key: &'a str } -> BigInt;
    "SELECT j.id FROM job_queue j \
      WHERE j.idempotency_key = " (idempotency_key as Text) " AND j.status IN ('pending', 'processing')"
}

/// The id of the live job of a key.
pub async fn live_id_of_key(
    connection: &mut Connection,
    idempotency_key: &str,
) -> Result<Option<i64>, Error> {
    Ok(LiveOfKey { idempotency_key }.get_result(connection).await.optional()?)
}

statement! {
    Retry { id: i64, lease_no: i64 } -> BigInt;
    "UPDATE job_queue SET status = 'pending', failed_at = NULL, attempts = 0, crash_count = 0, \
            run_at = clock_timestamp(), updated_at = clock_timestamp() \
      WHERE id = " (id as BigInt) " AND lease_no = " (lease_no as BigInt) " AND status = 'failed'"
}

/// Makes a failed job due again with all its attempts. `false`: it is not failed, or was claimed meanwhile.
///
/// Refused by `a_live_job_has_its_key_alone`.
pub async fn retry_if_failed_and_unclaimed(
    connection: &mut Connection,
    id: i64,
    lease_no: i64,
) -> Result<bool, Error> {
    Ok(Retry { id, lease_no }.execute(connection).await? == 1)
}

statement! {
    Cancel { id: i64, lease_no: i64 } -> BigInt;
    "UPDATE job_queue SET status = 'cancelled', updated_at = clock_timestamp() \
      WHERE id = " (id as BigInt) " AND lease_no = " (lease_no as BigInt) " AND status = 'pending'"
}

/// Cancels a job that nobody runs. `false`: it is not pending, or was claimed meanwhile.
pub async fn cancel_if_pending_and_unclaimed(
    connection: &mut Connection,
    id: i64,
    lease_no: i64,
) -> Result<bool, Error> {
    Ok(Cancel { id, lease_no }.execute(connection).await? == 1)
}

statement! {
    BringForward { id: i64, lease_no: i64 } -> BigInt;
    "UPDATE job_queue SET run_at = clock_timestamp(), updated_at = clock_timestamp() \
      WHERE id = " (id as BigInt) " AND lease_no = " (lease_no as BigInt) " AND status = 'pending' \
        AND run_at > clock_timestamp()"
}

/// Makes a pending job due. `false`: it is due already, not pending, or was claimed meanwhile.
pub async fn bring_forward_if_pending_and_unclaimed(
    connection: &mut Connection,
    id: i64,
    lease_no: i64,
) -> Result<bool, Error> {
    Ok(BringForward { id, lease_no }.execute(connection).await? == 1)
}

/// Failed jobs of a filter, none of which failed after a moment, found among the newest `examined_max` failed ones.
#[derive(Debug, Clone, Copy)]
pub struct FailedSelection<'a> {
    pub filter: &'a JobFilter,
    pub failed_until: DateTime<Utc>,
    /// None older than this one.
    pub from_id: i64,
    pub examined_max: i64,
    pub picked_max: i64,
}

statement! {
    Now { } -> Timestamptz;
    "SELECT clock_timestamp()"
}

/// The database's clock.
pub async fn now(connection: &mut Connection) -> Result<DateTime<Utc>, Error> {
    Ok(Now {}.get_result(connection).await?)
}

/// Statements about the newest failed jobs of a selection.
macro_rules! of_failed {
    ($name:ident -> $row:ty, $before:literal, $after:literal) => {
        statement! {
            $name<'a> { selection: FailedSelection<'a> } -> $row;
            $before "SELECT j.id \
               FROM (SELECT q.* FROM job_queue q WHERE q.status = 'failed' ORDER BY q.id DESC LIMIT "
                     (selection.examined_max as BigInt) ") AS j \
              WHERE j.failed_at <= " (selection.failed_until as Timestamptz) " AND j.id >= " (selection.from_id as BigInt) " \
                AND (" (selection.filter.job_type as Nullable<Text>) " IS NULL \
                     OR j.job_type = " (selection.filter.job_type as Nullable<Text>) ") \
                AND (" (selection.filter.age_at_least_seconds as Nullable<diesel::sql_types::Double>) " IS NULL \
                     OR j.created_at <= now() - make_interval(secs => "
                     (selection.filter.age_at_least_seconds as Nullable<diesel::sql_types::Double>) ")) \
                AND (" (selection.filter.error as Nullable<Text>) " IS NULL \
                     OR position(lower(" (selection.filter.error as Nullable<Text>) ") IN lower(j.last_error)) > 0) \
                AND (" (selection.filter.error_kind as Nullable<Text>) " IS NULL \
                     OR regexp_replace(left(split_part(coalesce(j.last_error, ''), chr(10), 1), 300), \
                                       '\\w*\\d\\w*', '#', 'g') \
                        = " (selection.filter.error_kind as Nullable<Text>) ") \
              LIMIT " (selection.picked_max as BigInt) $after
        }
    };
}

of_failed!(
    CountFailed -> (BigInt, BigInt),
    "SELECT count(*), coalesce((array_agg(picked.id ORDER BY picked.id DESC))[1000], min(picked.id), 0) FROM (",
    ") AS picked"
);
of_failed!(
    LockFailed -> (BigInt, Nullable<Text>, Nullable<Text>, Jsonb),
    "SELECT locked.id, locked.idempotency_key, \
            CASE WHEN jsonb_typeof(locked.payload -> 'payment_intent_id') = 'string' THEN locked.payload ->> 'payment_intent_id' \
                 WHEN starts_with(locked.idempotency_key, locked.job_type || ':') \
                 THEN substr(locked.idempotency_key, char_length(locked.job_type) + 2) END, \
            jsonb_build_object('job_type', locked.job_type, 'status', locked.status, 'attempts', locked.attempts, \
                               'crash_count', locked.crash_count, 'run_at', locked.run_at, 'lease_no', locked.lease_no) \
       FROM job_queue locked WHERE locked.status = 'failed' AND locked.id = ANY (ARRAY(",
    ")) ORDER BY locked.id FOR NO KEY UPDATE"
);

/// How many jobs a selection holds, counted up to `picked_max`, and the oldest of the newest thousand.
pub async fn count_failed(
    connection: &mut Connection,
    selection: FailedSelection<'_>,
) -> Result<(i64, i64), Error> {
    Ok(CountFailed { selection }.get_result(connection).await?)
}

/// A failed job that the caller has locked.
#[derive(Debug, Clone, Queryable)]
pub struct LockedFailure {
    pub id: i64,
    pub idempotency_key: Option<String>,
    pub payment_intent_id: Option<String>,
    /// As the audit log shows it.
    pub state: Value,
}

/// The jobs of a selection that are still failed, locked in ascending id. Comes before any other lock.
pub async fn lock_failed_for_update(
    connection: &mut Connection,
    selection: FailedSelection<'_>,
) -> Result<Vec<LockedFailure>, Error> {
    Ok(LockFailed { selection }.load(connection).await?)
}

statement! {
    RetryLocked<'a> { ids: &'a [i64] } -> BigInt;
    "UPDATE job_queue j SET status = 'pending', failed_at = NULL, attempts = 0, crash_count = 0, \
            run_at = clock_timestamp(), updated_at = clock_timestamp() \
      WHERE j.id = ANY (" (ids as Array<BigInt>) ") AND j.status = 'failed' \
        AND NOT EXISTS (SELECT FROM job_queue live WHERE live.idempotency_key = j.idempotency_key \
                           AND live.status IN ('pending', 'processing')) \
     RETURNING j.id"
}

/// Makes locked failed jobs due again, except those whose key has a live job. The ids name no key twice.
///
/// Refused by `a_live_job_has_its_key_alone` where a live job is made at this very moment.
pub async fn retry_failed_unless_live(connection: &mut Connection, ids: &[i64]) -> Result<Vec<i64>, Error> {
    Ok(RetryLocked { ids }.load(connection).await?)
}

statement! {
    StateOf { id: i64 } -> Jsonb;
    "SELECT jsonb_build_object('job_type', j.job_type, 'status', j.status, 'attempts', j.attempts, \
                               'crash_count', j.crash_count, 'run_at', j.run_at, 'lease_no', j.lease_no) \
       FROM job_queue j WHERE j.id = " (id as BigInt)
}

/// A job as the audit log shows it before and after a change.
pub async fn state_of(connection: &mut Connection, id: i64) -> Result<Value, Error> {
    Ok(StateOf { id }.get_result(connection).await?)
}
