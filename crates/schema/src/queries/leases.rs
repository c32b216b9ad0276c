//! `job_queue` as those see it who do the work: claim, extend, settle, rescue. Every write after the claim is
//! fenced by `(id, lease_no, locked_by)`; ids that are not returned were not held any more.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Double, Integer, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::{Connection, Error};

/// A job that this worker holds.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct ClaimedJob {
    pub id: i64,
    pub job_type: String,
    pub payload: Value,
    pub attempts: i32,
    pub max_attempts: i32,
    pub crash_count: i32,
    pub lease_no: i64,
    pub idempotency_key: Option<String>,
    pub trace_context: Option<Value>,
    pub priority: i32,
    pub run_at: DateTime<Utc>,
    /// Seconds since it was due.
    pub waited_seconds: f64,
}

type ClaimedRow = (
    BigInt,
    Text,
    Jsonb,
    Integer,
    Integer,
    Integer,
    BigInt,
    Nullable<Text>,
    Nullable<Jsonb>,
    Integer,
    Timestamptz,
    Double,
);

statement! {
    ClaimDue<'a> { worker_id: &'a str, job_type: &'a str, claimed_max: i64, lease_seconds: f64 }
    -> ClaimedRow;
    // Priorities are walked one by one, so that a pile of future rows ends each level's scan instead of
    // being read through.
    "WITH RECURSIVE level (priority) AS ( \
         (SELECT j.priority FROM job_queue j WHERE j.status = 'pending' AND j.job_type = " (job_type as Text) " \
           ORDER BY j.priority LIMIT 1) \
         UNION ALL \
         SELECT (SELECT j.priority FROM job_queue j WHERE j.status = 'pending' AND j.job_type = " (job_type as Text) " \
                    AND j.priority > level.priority ORDER BY j.priority LIMIT 1) \
           FROM level WHERE level.priority IS NOT NULL \
     ), picked AS MATERIALIZED ( \
         SELECT due.id FROM level CROSS JOIN LATERAL ( \
             SELECT j.id FROM job_queue j \
              WHERE j.status = 'pending' AND j.job_type = " (job_type as Text) " AND j.priority = level.priority \
                AND j.run_at <= now() \
              ORDER BY j.run_at, j.id LIMIT " (claimed_max as BigInt) " FOR NO KEY UPDATE SKIP LOCKED) AS due \
          LIMIT " (claimed_max as BigInt) " \
     ) \
     UPDATE job_queue j \
        SET status = 'processing', locked_by = " (worker_id as Text) ", lease_no = j.lease_no + 1, \
            attempts = j.attempts + 1, updated_at = clock_timestamp(), \
            locked_until = clock_timestamp() + make_interval(secs => " (lease_seconds as Double) ") \
      WHERE j.id = ANY (ARRAY(SELECT picked.id FROM picked)) \
     RETURNING j.id, j.job_type, j.payload, j.attempts, j.max_attempts, j.crash_count, j.lease_no, \
               j.idempotency_key, j.trace_context, j.priority, j.run_at, \
               extract(epoch FROM clock_timestamp() - j.run_at)::float8"
}

/// Claims at most `claimed_max` due jobs of a type, smallest priority and oldest first. Counts an
/// attempt on each before it runs.
pub async fn claim_due(
    connection: &mut Connection,
    worker_id: &str,
    job_type: &str,
    claimed_max: i64,
    lease_seconds: f64,
) -> Result<Vec<ClaimedJob>, Error> {
    let claim = ClaimDue { worker_id, job_type, claimed_max, lease_seconds };
    let mut jobs: Vec<ClaimedJob> = claim.load(connection).await?;
    jobs.sort_by_key(|job| (job.run_at, job.id));
    Ok(jobs)
}

/// Jobs of one type and priority that come after a place in the order in which they are claimed.
#[derive(Debug, Clone, Copy)]
pub struct Onwards<'a> {
    pub job_type: &'a str,
    pub priority: i32,
    pub run_at: DateTime<Utc>,
    pub id: i64,
}

statement! {
    ClaimDueOnwards<'a> { worker_id: &'a str, after: Onwards<'a>, claimed_max: i64, lease_seconds: f64 } -> ClaimedRow;
    "WITH picked AS MATERIALIZED ( \
         SELECT j.id FROM job_queue j \
          WHERE j.status = 'pending' AND j.job_type = " (after.job_type as Text) " \
            AND j.priority = " (after.priority as Integer) " AND j.run_at <= now() \
            AND (j.run_at, j.id) > (" (after.run_at as Timestamptz) ", " (after.id as BigInt) ") \
          ORDER BY j.run_at, j.id LIMIT " (claimed_max as BigInt) " FOR NO KEY UPDATE SKIP LOCKED \
     ) \
     UPDATE job_queue j \
        SET status = 'processing', locked_by = " (worker_id as Text) ", lease_no = j.lease_no + 1, \
            attempts = j.attempts + 1, updated_at = clock_timestamp(), \
            locked_until = clock_timestamp() + make_interval(secs => " (lease_seconds as Double) ") \
      WHERE j.id = ANY (ARRAY(SELECT picked.id FROM picked)) \
     RETURNING j.id, j.job_type, j.payload, j.attempts, j.max_attempts, j.crash_count, j.lease_no, \
               j.idempotency_key, j.trace_context, j.priority, j.run_at, \
               extract(epoch FROM clock_timestamp() - j.run_at)::float8"
}

/// Claims at most `claimed_max` due jobs as [`claim_due`] does, of those after a place: what died before it is not
/// walked past.
pub async fn claim_due_onwards(
    connection: &mut Connection,
    worker_id: &str,
    after: Onwards<'_>,
    claimed_max: i64,
    lease_seconds: f64,
) -> Result<Vec<ClaimedJob>, Error> {
    let claim = ClaimDueOnwards { worker_id, after, claimed_max, lease_seconds };
    let mut jobs: Vec<ClaimedJob> = claim.load(connection).await?;
    jobs.sort_by_key(|job| (job.run_at, job.id));
    Ok(jobs)
}

/// The fences of leases, as parallel arrays in ascending id.
#[derive(Debug, Clone, Copy)]
pub struct Fences<'a> {
    pub worker_id: &'a str,
    pub ids: &'a [i64],
    pub lease_nos: &'a [i64],
}

statement! {
    LockHeld<'a> { worker_id: &'a str, ids: &'a [i64], lease_nos: &'a [i64] } -> BigInt;
    "SELECT j.id FROM job_queue j \
       JOIN unnest(" (ids as Array<BigInt>) ", " (lease_nos as Array<BigInt>) ") AS held (id, lease_no) \
         ON held.id = j.id AND held.lease_no = j.lease_no \
      WHERE j.status = 'processing' AND j.locked_by = " (worker_id as Text) " \
      ORDER BY j.id FOR NO KEY UPDATE OF j"
}

/// Locks the jobs that are still held and returns their ids. While they are locked nobody can rescue them.
pub async fn lock_held_for_update(connection: &mut Connection, held: Fences<'_>) -> Result<Vec<i64>, Error> {
    let Fences { worker_id, ids, lease_nos } = held;
    Ok(LockHeld { worker_id, ids, lease_nos }.load(connection).await?)
}

statement! {
    Extend<'a> { worker_id: &'a str, ids: &'a [i64], lease_nos: &'a [i64], lease_seconds: f64 } -> BigInt;
    "WITH locked AS MATERIALIZED ( \
         SELECT j.id FROM job_queue j \
           JOIN unnest(" (ids as Array<BigInt>) ", " (lease_nos as Array<BigInt>) ") AS held (id, lease_no) \
             ON j.id = held.id AND j.lease_no = held.lease_no \
          WHERE j.status = 'processing' AND j.locked_by = " (worker_id as Text) " \
          ORDER BY j.id FOR NO KEY UPDATE OF j \
     ) \
     UPDATE job_queue j SET locked_until = clock_timestamp() + make_interval(secs => " (lease_seconds as Double) ") \
      WHERE j.id = ANY (ARRAY(SELECT locked.id FROM locked)) \
     RETURNING j.id"
}

/// The heartbeat: extends the leases still held, locked by ascending id, and returns their ids. A heap-only update.
pub async fn extend_if_held(
    connection: &mut Connection,
    held: Fences<'_>,
    lease_seconds: f64,
) -> Result<Vec<i64>, Error> {
    let Fences { worker_id, ids, lease_nos } = held;
    Ok(Extend { worker_id, ids, lease_nos, lease_seconds }.load(connection).await?)
}

statement! {
    Complete<'a> { worker_id: &'a str, ids: &'a [i64], lease_nos: &'a [i64] } -> BigInt;
    "UPDATE job_queue j \
        SET status = 'completed', completed_at = clock_timestamp(), updated_at = clock_timestamp(), \
            locked_by = NULL, locked_until = NULL \
       FROM unnest(" (ids as Array<BigInt>) ", " (lease_nos as Array<BigInt>) ") AS held (id, lease_no) \
      WHERE j.id = held.id AND j.lease_no = held.lease_no AND j.status = 'processing' \
        AND j.locked_by = " (worker_id as Text) " \
     RETURNING j.id"
}

/// Completes the jobs that are still held and returns their ids.
///
/// States no order of its own, for each lock would be written to the log once more: who completes several in a
/// transaction that others may meet has locked them before.
pub async fn complete_if_held(connection: &mut Connection, held: Fences<'_>) -> Result<Vec<i64>, Error> {
    let Fences { worker_id, ids, lease_nos } = held;
    Ok(Complete { worker_id, ids, lease_nos }.load(connection).await?)
}

statement! {
    Retry<'a> { worker_id: &'a str, id: i64, lease_no: i64, delay_seconds: f64, error: &'a str } -> BigInt;
    "UPDATE job_queue SET status = 'pending', locked_by = NULL, locked_until = NULL, last_error = " (error as Text) ", \
            run_at = clock_timestamp() + make_interval(secs => " (delay_seconds as Double) "), \
            updated_at = clock_timestamp() \
      WHERE id = " (id as BigInt) " AND lease_no = " (lease_no as BigInt) " AND locked_by = " (worker_id as Text) " \
        AND status = 'processing' AND attempts < max_attempts \
     RETURNING id"
}

/// One lease, as its holder knows it.
#[derive(Debug, Clone, Copy)]
pub struct Fence<'a> {
    pub worker_id: &'a str,
    pub id: i64,
    pub lease_no: i64,
}

/// Makes a held job that has attempts left pending again, due after a delay. `false`: not held, or none left.
pub async fn retry_if_held_and_attempts_left(
    connection: &mut Connection,
    fence: Fence<'_>,
    delay_seconds: f64,
    error: &str,
) -> Result<bool, Error> {
    let Fence { worker_id, id, lease_no } = fence;
    let retry = Retry { worker_id, id, lease_no, delay_seconds, error };
    Ok(retry.execute(connection).await? == 1)
}

statement! {
    Snooze<'a> { worker_id: &'a str, id: i64, lease_no: i64, delay_seconds: f64 } -> BigInt;
    "UPDATE job_queue SET status = 'pending', locked_by = NULL, locked_until = NULL, attempts = attempts - 1, \
            crash_count = 0, last_error = NULL, \
            run_at = clock_timestamp() + make_interval(secs => " (delay_seconds as Double) "), \
            updated_at = clock_timestamp() \
      WHERE id = " (id as BigInt) " AND lease_no = " (lease_no as BigInt) " AND locked_by = " (worker_id as Text) " \
        AND status = 'processing' \
     RETURNING id"
}

/// Reschedules a held job in place; it costs no attempt. `false`: not held.
pub async fn snooze_if_held(
    connection: &mut Connection,
    fence: Fence<'_>,
    delay_seconds: f64,
) -> Result<bool, Error> {
    let Fence { worker_id, id, lease_no } = fence;
    Ok(Snooze { worker_id, id, lease_no, delay_seconds }.execute(connection).await? == 1)
}

statement! {
    Fail<'a> { worker_id: &'a str, id: i64, lease_no: i64, error: &'a str } -> BigInt;
    "UPDATE job_queue SET status = 'failed', failed_at = clock_timestamp(), locked_by = NULL, locked_until = NULL, \
            last_error = " (error as Text) ", updated_at = clock_timestamp() \
      WHERE id = " (id as BigInt) " AND lease_no = " (lease_no as BigInt) " AND locked_by = " (worker_id as Text) " \
        AND status = 'processing' \
     RETURNING id"
}

/// Gives a held job up. `false`: not held.
pub async fn fail_if_held(connection: &mut Connection, fence: Fence<'_>, error: &str) -> Result<bool, Error> {
    let Fence { worker_id, id, lease_no } = fence;
    Ok(Fail { worker_id, id, lease_no, error }.execute(connection).await? == 1)
}

statement! {
    Return<'a> { worker_id: &'a str, ids: &'a [i64], lease_nos: &'a [i64] } -> BigInt;
    "WITH locked AS MATERIALIZED ( \
         SELECT j.id FROM job_queue j \
           JOIN unnest(" (ids as Array<BigInt>) ", " (lease_nos as Array<BigInt>) ") AS held (id, lease_no) \
             ON j.id = held.id AND j.lease_no = held.lease_no \
          WHERE j.status = 'processing' AND j.locked_by = " (worker_id as Text) " \
          ORDER BY j.id FOR NO KEY UPDATE OF j \
     ) \
     UPDATE job_queue j SET status = 'pending', locked_by = NULL, locked_until = NULL, attempts = j.attempts - 1, \
            updated_at = clock_timestamp() \
      WHERE j.id = ANY (ARRAY(SELECT locked.id FROM locked)) \
     RETURNING j.id"
}

/// Gives back held jobs that were never started, with their attempt, locked by ascending id. Due at once for whoever
/// comes.
pub async fn return_unstarted_if_held(
    connection: &mut Connection,
    held: Fences<'_>,
) -> Result<Vec<i64>, Error> {
    let Fences { worker_id, ids, lease_nos } = held;
    Ok(Return { worker_id, ids, lease_nos }.load(connection).await?)
}

/// A job whose lease ran out.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct RescuedJob {
    pub id: i64,
    pub job_type: String,
    /// `pending`, or `failed` after its third crash or last attempt.
    pub status: String,
}

statement! {
    RequeueStale { } -> (BigInt, Text, Text);
    "SELECT id, job_type, status FROM requeue_stale_jobs()"
}

statement! {
    TraceContextsOf<'a> { ids: &'a [i64] } -> (BigInt, Jsonb);
    "SELECT id, trace_context FROM job_queue WHERE id = ANY (" (ids as Array<BigInt>) ") AND trace_context IS NOT NULL"
}

/// The trace contexts of those of these jobs that have one, in any order.
pub async fn trace_contexts_of(connection: &mut Connection, ids: &[i64]) -> Result<Vec<(i64, Value)>, Error> {
    Ok(TraceContextsOf { ids }.load(connection).await?)
}

/// Rescues at most 1000 jobs whose lease ran out, by the same function operators call.
pub async fn requeue_stale_jobs(connection: &mut Connection) -> Result<Vec<RescuedJob>, Error> {
    Ok(RequeueStale {}.load(connection).await?)
}
