//! Sweeps over intents: what should have a job and has none, and keys that nobody will repeat.
//!
//! Ids of intents are compared in byte order and the keys of jobs in the database's: without the COLLATE no index on the
//! keys can be used.

use diesel::sql_types::{BigInt, Double, Integer, Text};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

statement! {
    OweQuestions { grace_seconds: f64, max_attempts: i32, owed_max: i64 } -> Text;
    "INSERT INTO job_queue (job_type, payload, priority, max_attempts, idempotency_key) \
     SELECT 'verify_payment', jsonb_build_object('payment_intent_id', pi.payment_intent_id), 100, "
        (max_attempts as Integer) ", 'verify_payment:' || pi.payment_intent_id \
       FROM payment_intents pi \
      WHERE pi.question_closed_at IS NULL \
        AND greatest(pi.created_at, pi.updated_at) < now() - make_interval(secs => " (grace_seconds as Double) ") \
        AND NOT EXISTS (SELECT FROM job_queue j \
                         WHERE j.idempotency_key = ('verify_payment:' || pi.payment_intent_id) COLLATE \"default\" \
                           AND j.status IN ('pending', 'processing')) \
        AND NOT EXISTS (SELECT FROM job_queue j \
                         WHERE j.status = 'failed' AND j.idempotency_key = ('verify_payment:' || pi.payment_intent_id) COLLATE \"default\") \
        AND NOT EXISTS (SELECT FROM review_cases c \
                         WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open') \
      ORDER BY pi.payment_intent_id LIMIT " (owed_max as BigInt) " \
     ON CONFLICT DO NOTHING \
     RETURNING payload ->> 'payment_intent_id'"
}

/// Enqueues a question for intents that have an open one and nobody to ask it; leaves alone those with an
/// open case or a failed job. Returns the intents.
pub async fn owe_questions_if_no_live_job(
    connection: &mut Connection,
    grace_seconds: f64,
    max_attempts: i32,
    owed_max: i64,
) -> Result<Vec<String>, Error> {
    Ok(OweQuestions { grace_seconds, max_attempts, owed_max }.load(connection).await?)
}

statement! {
    OweOrders { grace_seconds: f64, max_attempts: i32, owed_max: i64 } -> Text;
    "INSERT INTO job_queue (job_type, payload, priority, max_attempts, idempotency_key) \
     SELECT 'finalize_order', jsonb_build_object('payment_intent_id', pi.payment_intent_id), 10, "
        (max_attempts as Integer) ", 'finalize_order:' || pi.payment_intent_id \
       FROM payment_intents pi \
      WHERE pi.status = 'verified' \
        AND pi.updated_at < now() - make_interval(secs => " (grace_seconds as Double) ") \
        AND NOT EXISTS (SELECT FROM job_queue j \
                         WHERE j.idempotency_key = ('finalize_order:' || pi.payment_intent_id) COLLATE \"default\" \
                           AND j.status IN ('pending', 'processing')) \
        AND NOT EXISTS (SELECT FROM job_queue j \
                         WHERE j.status = 'failed' AND j.idempotency_key = ('finalize_order:' || pi.payment_intent_id) COLLATE \"default\") \
        AND NOT EXISTS (SELECT FROM review_cases c \
                         WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open') \
      ORDER BY pi.payment_intent_id LIMIT " (owed_max as BigInt) " \
     ON CONFLICT DO NOTHING \
     RETURNING payload ->> 'payment_intent_id'"
}

/// Enqueues the order of verified intents that nobody is making; leaves alone those with an open case or a
/// failed job. Returns the intents.
pub async fn owe_orders_if_no_live_job(
    connection: &mut Connection,
    grace_seconds: f64,
    max_attempts: i32,
    owed_max: i64,
) -> Result<Vec<String>, Error> {
    Ok(OweOrders { grace_seconds, max_attempts, owed_max }.load(connection).await?)
}

statement! {
    OweRefunds { grace_seconds: f64, max_attempts: i32, owed_max: i64 } -> Text;
    "INSERT INTO job_queue (job_type, payload, priority, max_attempts, idempotency_key) \
     SELECT 'refund_payment', jsonb_build_object('payment_intent_id', r.payment_intent_id), 50, "
        (max_attempts as Integer) ", 'refund_payment:' || r.payment_intent_id \
       FROM refunds r \
      WHERE r.status = 'requested' \
        AND r.created_at < now() - make_interval(secs => " (grace_seconds as Double) ") \
        AND NOT EXISTS (SELECT FROM job_queue j \
                         WHERE j.idempotency_key = ('refund_payment:' || r.payment_intent_id) COLLATE \"default\" \
                           AND j.status IN ('pending', 'processing')) \
        AND NOT EXISTS (SELECT FROM review_cases c \
                         WHERE c.payment_intent_id = r.payment_intent_id AND c.status = 'open') \
      ORDER BY r.payment_intent_id LIMIT " (owed_max as BigInt) " \
     ON CONFLICT DO NOTHING \
     RETURNING payload ->> 'payment_intent_id'"
}

/// Enqueues the job of refunds under way that nobody is making; leaves alone intents with an open case.
/// Returns the intents.
pub async fn owe_refunds_if_no_live_job(
    connection: &mut Connection,
    grace_seconds: f64,
    max_attempts: i32,
    owed_max: i64,
) -> Result<Vec<String>, Error> {
    Ok(OweRefunds { grace_seconds, max_attempts, owed_max }.load(connection).await?)
}

statement! {
    ForgetKeys { older_than_seconds: f64, forgotten_max: i64 } -> BigInt;
    "DELETE FROM idempotency_keys k USING ( \
         SELECT old.user_id, old.idempotency_key FROM idempotency_keys old \
          WHERE old.created_at < now() - make_interval(secs => " (older_than_seconds as Double) ") \
          ORDER BY old.created_at LIMIT " (forgotten_max as BigInt) ") AS forgotten \
      WHERE k.user_id = forgotten.user_id AND k.idempotency_key = forgotten.idempotency_key"
}

/// Forgets idempotency keys older than the bound. Returns how many.
pub async fn forget_idempotency_keys_if_older_than(
    connection: &mut Connection,
    older_than_seconds: f64,
    forgotten_max: i64,
) -> Result<usize, Error> {
    Ok(ForgetKeys { older_than_seconds, forgotten_max }.execute(connection).await?)
}
