//! `invariant_check_progress`: whose turn it is, and how far the round through everything has come.

use diesel::sql_types::{BigInt, Bool, Double, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

statement! {
    PlanForAnyKeys { } -> (Text, Text);
    // The check's statements are the same at every size of their arrays: planning them takes longer than running them,
    // and compiling them longer still.
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)"
}

/// Has the rest of the transaction planned once a connection, for any keys.
pub async fn plan_for_any_keys(connection: &mut Connection) -> Result<(), Error> {
    let _: (String, String) = PlanForAnyKeys {}.get_result(connection).await?;
    Ok(())
}

/// Where the round goes on.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct RoundPlace {
    /// `intent`, `variant` or `job`.
    pub subject_kind: String,
    pub after: String,
}

statement! {
    LockIfDue { pause_seconds: f64 } -> (Text, Text);
    "SELECT round_subject_kind, round_after FROM invariant_check_progress \
      WHERE checked_at IS NULL OR checked_at <= clock_timestamp() - make_interval(secs => " (pause_seconds as Double) ") \
        FOR UPDATE SKIP LOCKED"
}

/// Takes the check's one row for this transaction. `None`: another process holds it, or has checked less than the
/// pause ago.
pub async fn lock_if_due_for_update(
    connection: &mut Connection,
    pause_seconds: f64,
) -> Result<Option<RoundPlace>, Error> {
    let places: Vec<RoundPlace> = LockIfDue { pause_seconds }.load(connection).await?;
    Ok(places.into_iter().next())
}

statement! {
    StartRound { } -> BigInt;
    "UPDATE invariant_check_progress \
        SET round_subject_kind = 'intent', round_after = '', round_began_at = clock_timestamp()"
}

/// Begins the round at the first intent, wherever it was.
pub async fn start_round(connection: &mut Connection) -> Result<(), Error> {
    StartRound {}.execute(connection).await?;
    Ok(())
}

statement! {
    NextOfRound<'a> { subject_kind: &'a str, after: &'a str, slice_max: i64 } -> Text;
    "(SELECT pi.payment_intent_id FROM payment_intents pi \
       WHERE " (subject_kind as Text) " = 'intent' AND pi.payment_intent_id > " (after as Text) " \
       ORDER BY pi.payment_intent_id LIMIT " (slice_max as BigInt) ") \
     UNION ALL \
     (SELECT i.variant_id FROM inventory i \
       WHERE " (subject_kind as Text) " = 'variant' AND i.variant_id > " (after as Text) " \
       ORDER BY i.variant_id LIMIT " (slice_max as BigInt) ") \
     UNION ALL \
     (SELECT j.id::text FROM job_queue j \
       WHERE " (subject_kind as Text) " = 'job' \
         AND j.id > CASE WHEN " (subject_kind as Text) " = 'job' AND " (after as Text) " <> '' \
                         THEN " (after as Text) "::bigint ELSE 0 END \
       ORDER BY j.id LIMIT " (slice_max as BigInt) ")"
}

/// The next subjects of the round, in the order of their keys.
pub async fn next_of_round(
    connection: &mut Connection,
    place: &RoundPlace,
    slice_max: i64,
) -> Result<Vec<String>, Error> {
    let next = NextOfRound { subject_kind: &place.subject_kind, after: &place.after, slice_max };
    Ok(next.load(connection).await?)
}

statement! {
    SliceNeeded { interval_seconds: f64, round_seconds: f64 } -> BigInt;
    // The planner's estimate is good enough to set a pace by.
    "SELECT ceil((SELECT coalesce(sum(greatest(c.reltuples, 0)), 0) FROM pg_class c \
                   WHERE c.oid IN ('payment_intents'::regclass, 'inventory'::regclass, 'job_queue'::regclass)) \
                 * " (interval_seconds as Double) " / " (round_seconds as Double) ")::bigint"
}

/// How many subjects to take an interval so that a round through all of them takes no longer than asked.
pub async fn slice_needed(
    connection: &mut Connection,
    interval_seconds: f64,
    round_seconds: f64,
) -> Result<i64, Error> {
    Ok(SliceNeeded { interval_seconds, round_seconds }.get_result(connection).await?)
}

statement! {
    MoveRound<'a> { subject_kind: &'a str, after: &'a str, has_ended: bool } -> BigInt;
    "UPDATE invariant_check_progress \
        SET round_subject_kind = " (subject_kind as Text) ", round_after = " (after as Text) ", \
            round_ended_at = CASE WHEN " (has_ended as Bool) " THEN clock_timestamp() ELSE round_ended_at END, \
            round_ms = CASE WHEN " (has_ended as Bool) " \
                            THEN extract(epoch FROM clock_timestamp() - coalesce(round_began_at, now()))::float8 * 1000 \
                            ELSE round_ms END, \
            round_began_at = CASE WHEN " (has_ended as Bool) " THEN clock_timestamp() \
                                  ELSE coalesce(round_began_at, now()) END"
}

/// Notes where the round goes on; `has_ended` says that it begins again.
pub async fn move_round(
    connection: &mut Connection,
    place: &RoundPlace,
    has_ended: bool,
) -> Result<(), Error> {
    let moved = MoveRound { subject_kind: &place.subject_kind, after: &place.after, has_ended };
    moved.execute(connection).await?;
    Ok(())
}

statement! {
    NoteChecked { } -> BigInt;
    "UPDATE invariant_check_progress \
        SET checked_at = clock_timestamp(), check_ms = extract(epoch FROM clock_timestamp() - now())::float8 * 1000"
}

/// Notes that what had changed is checked, and how long this transaction has taken.
pub async fn note_checked(connection: &mut Connection) -> Result<(), Error> {
    NoteChecked {}.execute(connection).await?;
    Ok(())
}

/// When the check last ran, for figures.
#[derive(Debug, Clone, Copy, diesel::Queryable)]
pub struct CheckTimes {
    /// Seconds since 1970, by the database's clock.
    pub checked_at_seconds: Option<f64>,
    pub check_ms: i64,
    /// Seconds since 1970 at which everything had been looked at again.
    pub round_ended_at_seconds: Option<f64>,
    pub round_ms: i64,
}

statement! {
    ReadTimes { } -> (Nullable<Double>, BigInt, Nullable<Double>, BigInt);
    "SELECT extract(epoch FROM checked_at)::float8, check_ms, extract(epoch FROM round_ended_at)::float8, round_ms \
       FROM invariant_check_progress"
}

/// When the check last ran.
pub async fn times(connection: &mut Connection) -> Result<CheckTimes, Error> {
    Ok(ReadTimes {}.get_result(connection).await?)
}
