//! `job_queue` as those see it who owe work: enqueue, and forget what is finished.

use diesel::{
    OptionalExtension,
    sql_types::{Array, BigInt, Double, Integer, Jsonb, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::{Connection, Error};

/// A job to be enqueued.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub job_type: String,
    pub payload: Value,
    pub priority: i32,
    /// Seconds from now until it is due.
    pub run_in_seconds: f64,
    pub max_attempts: i32,
    pub idempotency_key: Option<String>,
    pub trace_context: Option<Value>,
}

statement! {
    Enqueue<'a> {
        job_types: Vec<&'a str>, payloads: Vec<&'a Value>, priorities: Vec<i32>, run_in_seconds: Vec<f64>,
        max_attempts: Vec<i32>, idempotency_keys: Vec<Option<&'a str>>, trace_contexts: Vec<Option<&'a Value>>,
    } -> BigInt;
    "INSERT INTO job_queue (job_type, payload, priority, run_at, max_attempts, idempotency_key, trace_context) \
     SELECT job_type, payload, priority, clock_timestamp() + make_interval(secs => run_in_seconds), max_attempts, \
            idempotency_key, trace_context \
       FROM unnest(" (job_types as Array<Text>) ", " (payloads as Array<Jsonb>) ", " (priorities as Array<Integer>) ", "
       (run_in_seconds as Array<Double>) ", " (max_attempts as Array<Integer>) ", "
       (idempotency_keys as Array<Nullable<Text>>) ", " (trace_contexts as Array<Nullable<Jsonb>>) ") \
         AS new (job_type, payload, priority, run_in_seconds, max_attempts, idempotency_key, trace_context) \
     ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL AND status IN ('pending', 'processing') \
     DO UPDATE SET run_at = excluded.run_at, updated_at = clock_timestamp() \
      WHERE job_queue.status = 'pending' AND excluded.run_at < job_queue.run_at"
}

/// Enqueues jobs. One that meets a pending job of its key brings that job's time forward; one that meets a
/// running job changes nothing. Takes locks on the rows it meets: it comes before any other lock.
pub async fn enqueue(connection: &mut Connection, jobs: &[NewJob]) -> Result<(), Error> {
    // Rows that are met are locked in key order, so two callers never wait for each other.
    let mut sorted: Vec<&NewJob> = jobs.iter().collect();
    sorted.sort_by(|left, right| left.idempotency_key.cmp(&right.idempotency_key));
    Enqueue {
        job_types: sorted.iter().map(|job| job.job_type.as_str()).collect(),
        payloads: sorted.iter().map(|job| &job.payload).collect(),
        priorities: sorted.iter().map(|job| job.priority).collect(),
        run_in_seconds: sorted.iter().map(|job| job.run_in_seconds).collect(),
        max_attempts: sorted.iter().map(|job| job.max_attempts).collect(),
        idempotency_keys: sorted.iter().map(|job| job.idempotency_key.as_deref()).collect(),
        trace_contexts: sorted.iter().map(|job| job.trace_context.as_ref()).collect(),
    }
    .execute(connection)
    .await?;
    Ok(())
}

statement! {
    TraceContextOf<'a> { idempotency_key: &'a str } -> Nullable<Jsonb>;
    "SELECT trace_context FROM job_queue \
      WHERE idempotency_key = " (idempotency_key as Text) " AND status IN ('pending', 'processing')"
}

/// The trace in which the live job of a key was owed, where there is one.
pub async fn trace_context_of(
    connection: &mut Connection,
    idempotency_key: &str,
) -> Result<Option<Value>, Error> {
    let found: Option<Option<Value>> =
        TraceContextOf { idempotency_key }.get_result(connection).await.optional()?;
    Ok(found.flatten())
}

statement! {
    DeleteFinished { after_id: i64, examined_max: i64, older_than_seconds: f64 } -> (BigInt, BigInt, BigInt);
    "WITH examined AS MATERIALIZED ( \
         SELECT id, status, updated_at FROM job_queue WHERE id > " (after_id as BigInt) " ORDER BY id \
         LIMIT " (examined_max as BigInt) " \
     ), deleted AS ( \
         DELETE FROM job_queue j USING examined e \
          WHERE j.id = e.id AND e.status IN ('completed', 'cancelled') AND j.status IN ('completed', 'cancelled') \
            AND j.updated_at < now() - make_interval(secs => " (older_than_seconds as Double) ") \
         RETURNING j.id \
     ) \
     SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM examined), \
            (SELECT coalesce(max(id), 0) FROM examined)"
}

/// What one pass of retention did.
#[derive(Debug, Clone, Copy, diesel::Queryable)]
pub struct RetentionPass {
    pub deleted: i64,
    pub examined: i64,
    /// Where the next pass goes on; 0 when there was nothing to examine.
    pub last_id: i64,
}

/// Deletes completed and cancelled jobs older than the bound among the next `examined_max` rows after
/// `after_id`. Failed jobs stay until a person has dealt with them. Needs no index of its own.
pub async fn delete_finished_if_older_than(
    connection: &mut Connection,
    older_than_seconds: f64,
    after_id: i64,
    examined_max: i64,
) -> Result<RetentionPass, Error> {
    Ok(DeleteFinished { after_id, examined_max, older_than_seconds }.get_result(connection).await?)
}
