//! Moves of intents. The database refuses those that the status table lacks and writes their events.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl,
    dsl::{now, sql},
    sql_types::{Array, BigInt, Bool, Double, Text},
};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error, schema::payment_intents};

/// One intent's new status and reservation, with its cause.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    pub payment_intent_id: &'a str,
    pub status: &'a str,
    pub reservation: &'a str,
    pub cause: &'a str,
}

statement! {
    MoveLocked<'a> {
        payment_intent_ids: Vec<&'a str>, statuses: Vec<&'a str>, reservations: Vec<&'a str>, causes: Vec<&'a str>,
    } -> BigInt;
    "UPDATE payment_intents pi \
        SET status = moved.status, reservation = moved.reservation, status_cause = moved.cause, \
            updated_at = clock_timestamp() \
       FROM unnest(" (payment_intent_ids as Array<Text>) ", " (statuses as Array<Text>) ", "
       (reservations as Array<Text>) ", " (causes as Array<Text>) ") \
         AS moved (payment_intent_id, status, reservation, cause) \
      WHERE pi.payment_intent_id = moved.payment_intent_id"
}

/// Moves intents that the caller has locked; returns how many there were.
pub async fn move_locked(connection: &mut Connection, moves: &[Move<'_>]) -> Result<usize, Error> {
    if moves.is_empty() {
        return Ok(0);
    }
    Ok(MoveLocked {
        payment_intent_ids: moves.iter().map(|moved| moved.payment_intent_id).collect(),
        statuses: moves.iter().map(|moved| moved.status).collect(),
        reservations: moves.iter().map(|moved| moved.reservation).collect(),
        causes: moves.iter().map(|moved| moved.cause).collect(),
    }
    .execute(connection)
    .await?)
}

statement! {
    ClaimQuestion<'a> { payment_intent_id: &'a str, distance_seconds: f64 } -> Bool;
    "UPDATE payment_intents SET last_asked_at = clock_timestamp() \
      WHERE payment_intent_id = " (payment_intent_id as Text) " \
        AND (last_asked_at IS NULL \
             OR last_asked_at <= clock_timestamp() - make_interval(secs => " (distance_seconds as Double) "))"
}

/// Takes the right to ask the gateway now. `false`: somebody asked less than the distance ago.
pub async fn claim_question_if_not_asked_within(
    connection: &mut Connection,
    payment_intent_id: &str,
    distance_seconds: f64,
) -> Result<bool, Error> {
    Ok(ClaimQuestion { payment_intent_id, distance_seconds }.execute(connection).await? == 1)
}

/// Counts consecutive NOT_FOUND answers of a locked intent.
pub async fn set_not_found_answers(
    connection: &mut Connection,
    payment_intent_id: &str,
    not_found_answers: i16,
) -> Result<(), Error> {
    diesel::update(payment_intents::table.filter(payment_intents::payment_intent_id.eq(payment_intent_id)))
        .set(payment_intents::not_found_answers.eq(not_found_answers))
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that no further question is due. `false`: it was noted before.
pub async fn close_question_if_open(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<bool, Error> {
    let open = payment_intents::payment_intent_id
        .eq(payment_intent_id)
        .and(payment_intents::question_closed_at.is_null());
    let closed = diesel::update(payment_intents::table.filter(open))
        .set(payment_intents::question_closed_at.eq(now))
        .execute(connection)
        .await?;
    Ok(closed == 1)
}

/// Locks intents whose time is up and that nobody else is working on, in ascending id.
pub async fn lock_due_to_expire_for_update(
    connection: &mut Connection,
    expired_max: i64,
) -> Result<Vec<String>, Error> {
    Ok(payment_intents::table
        .filter(payment_intents::status.eq_any(["created", "awaiting_payment"]))
        // Not clock_timestamp(), which no index can be searched for: every open intent would be read.
        .filter(sql::<Bool>("expires_at <= now()"))
        .order(payment_intents::payment_intent_id)
        .limit(expired_max)
        .select(payment_intents::payment_intent_id)
        .for_no_key_update()
        .skip_locked()
        .load(connection)
        .await?)
}
