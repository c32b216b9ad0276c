//! `refunds`: money given back. Whoever writes here has locked the intent.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable,
    dsl::now,
    sql_types::{Array, BigInt, Bool, Double, Nullable, Text},
};
use diesel_async::RunQueryDsl;

use crate::{
    Connection, Error,
    schema::{orders, refunds},
};

/// A refund to be asked for at the gateway, of everything that is left of a payment.
#[derive(Debug, Clone, Copy)]
pub struct NewRefund<'a> {
    pub payment_intent_id: &'a str,
    pub cause: &'a str,
    /// The operator; `None` when a rule asks.
    pub requested_by: Option<&'a str>,
}

statement! {
    InsertRequested<'a> {
        payment_intent_ids: Vec<&'a str>, causes: Vec<&'a str>, requested_by: Vec<Option<&'a str>>,
    } -> BigInt;
    // The intent is locked, so its refunds can be counted: the first key is …:1, a later request has a key of its own.
    "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, requested_by) \
     SELECT pi.payment_intent_id, least(pi.amount_minor, paid.amount_minor) - pi.refunded_minor, 'requested', \
            format('refund:%s:%s', pi.payment_intent_id, \
                   1 + (SELECT count(*) FROM refunds r WHERE r.payment_intent_id = pi.payment_intent_id)), \
            new.cause, new.requested_by \
       FROM unnest(" (payment_intent_ids as Array<Text>) ", " (causes as Array<Text>) ", "
       (requested_by as Array<Nullable<Text>>) ") AS new (payment_intent_id, cause, requested_by) \
       JOIN payment_intents pi USING (payment_intent_id) \
      CROSS JOIN LATERAL (SELECT v.amount_minor FROM payment_gateway_verifications v \
                           WHERE v.payment_intent_id = pi.payment_intent_id ORDER BY v.id DESC LIMIT 1) AS paid"
}

/// Requests refunds of what is left of each payment; returns how many were written: an intent for which no
/// payment was verified has none.
///
/// Refused by `an_intent_has_one_refund_under_way`, `a_refund_is_positive` where nothing is left, and
/// `a_payment_going_back_becomes_no_order` where the intent has not been moved before.
pub async fn insert_requested(connection: &mut Connection, new: &[NewRefund<'_>]) -> Result<usize, Error> {
    if new.is_empty() {
        return Ok(0);
    }
    Ok(InsertRequested {
        payment_intent_ids: new.iter().map(|refund| refund.payment_intent_id).collect(),
        causes: new.iter().map(|refund| refund.cause).collect(),
        requested_by: new.iter().map(|refund| refund.requested_by).collect(),
    }
    .execute(connection)
    .await?)
}

/// A refund that was asked for and has no end yet.
#[derive(Debug, Clone, PartialEq, Queryable)]
pub struct RefundUnderWay {
    pub id: i64,
    pub amount_minor: i64,
    /// Whether it is all that was paid.
    pub is_whole: bool,
    /// From here on it is only looked up.
    pub is_sent: bool,
    /// Seconds since it was sent, or else since it was requested, by the database's clock.
    pub age_seconds: f64,
    /// The gateway transaction to give back.
    pub gateway_transaction_id: Option<String>,
}

statement! {
    UnderWay<'a> { payment_intent_id: &'a str } -> (BigInt, BigInt, Bool, Bool, Double, Nullable<Text>);
    "SELECT r.id, r.amount_minor, r.amount_minor >= coalesce(paid.amount_minor, 0), r.sent_at IS NOT NULL, \
            extract(epoch FROM clock_timestamp() - coalesce(r.sent_at, r.created_at))::float8, \
            paid.gateway_transaction_id \
       FROM refunds r \
       LEFT JOIN LATERAL (SELECT v.gateway_transaction_id, v.amount_minor FROM payment_gateway_verifications v \
                           WHERE v.payment_intent_id = r.payment_intent_id ORDER BY v.id DESC LIMIT 1) AS paid ON true \
      WHERE r.status = 'requested' AND r.payment_intent_id = " (payment_intent_id as Text)
}

/// The refund of an intent that is under way, if there is one.
pub async fn under_way_of_intent(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<RefundUnderWay>, Error> {
    Ok(UnderWay { payment_intent_id }.get_result(connection).await.optional()?)
}

/// Takes the right to ask the gateway for this refund, once and for all. `false`: it was taken before, or the
/// refund has ended. Commit before asking.
pub async fn mark_sent_if_not_sent(connection: &mut Connection, refund_id: i64) -> Result<bool, Error> {
    let marked = diesel::update(refunds::table)
        .filter(refunds::id.eq(refund_id))
        .filter(refunds::status.eq("requested"))
        .filter(refunds::sent_at.is_null())
        .set(refunds::sent_at.eq(now))
        .execute(connection)
        .await?;
    Ok(marked == 1)
}

/// Keeps what the gateway replied to the call. `false`: the refund has ended meanwhile.
pub async fn set_gateway_reply_if_requested(
    connection: &mut Connection,
    refund_id: i64,
    gateway_reply: &str,
) -> Result<bool, Error> {
    let set = diesel::update(refunds::table)
        .filter(refunds::id.eq(refund_id))
        .filter(refunds::status.eq("requested"))
        .set(refunds::gateway_reply.eq(gateway_reply))
        .execute(connection)
        .await?;
    Ok(set == 1)
}

async fn settle_if_requested(
    connection: &mut Connection,
    payment_intent_id: &str,
    status: &str,
) -> Result<bool, Error> {
    let settled = diesel::update(refunds::table)
        .filter(refunds::payment_intent_id.eq(payment_intent_id))
        .filter(refunds::status.eq("requested"))
        .set((refunds::status.eq(status), refunds::settled_at.eq(now)))
        .execute(connection)
        .await?;
    Ok(settled == 1)
}

/// The refund under way has succeeded. `false`: there is none.
pub async fn succeed_if_requested(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<bool, Error> {
    settle_if_requested(connection, payment_intent_id, "succeeded").await
}

/// The refund under way has failed and counts no more. `false`: there is none.
pub async fn fail_if_requested(connection: &mut Connection, payment_intent_id: &str) -> Result<bool, Error> {
    settle_if_requested(connection, payment_intent_id, "failed").await
}

statement! {
    InsertSeen<'a> { payment_intent_id: &'a str, idempotency_key: String, cause: &'a str } -> BigInt;
    "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at) \
     SELECT pi.payment_intent_id, left_over.amount_minor, 'succeeded', " (idempotency_key as Text) ", " (cause as Text) ", \
            clock_timestamp() \
       FROM payment_intents pi \
      CROSS JOIN LATERAL (SELECT least(pi.amount_minor, \
                                       (SELECT v.amount_minor FROM payment_gateway_verifications v \
                                         WHERE v.payment_intent_id = pi.payment_intent_id ORDER BY v.id DESC LIMIT 1)) \
                                 - pi.refunded_minor AS amount_minor) AS left_over \
      WHERE pi.payment_intent_id = " (payment_intent_id as Text) " AND left_over.amount_minor > 0 \
     ON CONFLICT (idempotency_key) DO NOTHING"
}

/// Records, once an intent, that the gateway gave back what nobody here asked for: all that is left of the
/// payment. `false`: nothing is left, or it was recorded before.
pub async fn insert_seen_once(connection: &mut Connection, payment_intent_id: &str) -> Result<bool, Error> {
    let insert = InsertSeen {
        payment_intent_id,
        idempotency_key: format!("seen_at_gateway:{payment_intent_id}"),
        cause: "the gateway says that everything was refunded",
    };
    Ok(insert.execute(connection).await? == 1)
}

/// A refund that an operator made in the gateway's portal.
#[derive(Debug, Clone, Copy)]
pub struct RefundByHand<'a> {
    pub payment_intent_id: &'a str,
    pub amount_minor: i64,
    pub portal_reference: &'a str,
    pub operator: &'a str,
    pub reason: &'a str,
}

/// Records a refund made by hand. Refused by `a_portal_reference_is_recorded_once` and
/// `refunds_never_exceed_what_was_paid`.
pub async fn insert_by_hand(connection: &mut Connection, refund: RefundByHand<'_>) -> Result<(), Error> {
    let idempotency_key = format!("by_hand:{}:{}", refund.payment_intent_id, refund.portal_reference);
    diesel::insert_into(refunds::table)
        .values((
            refunds::payment_intent_id.eq(refund.payment_intent_id),
            refunds::amount_minor.eq(refund.amount_minor),
            refunds::status.eq("succeeded"),
            refunds::idempotency_key.eq(idempotency_key),
            refunds::cause.eq(refund.reason),
            refunds::portal_reference.eq(refund.portal_reference),
            refunds::requested_by.eq(refund.operator),
            refunds::settled_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// The intent and the amount that a portal's reference was recorded for.
pub async fn find_by_portal_reference(
    connection: &mut Connection,
    portal_reference: &str,
) -> Result<Option<(String, i64)>, Error> {
    Ok(refunds::table
        .filter(refunds::portal_reference.eq(portal_reference))
        .select((refunds::payment_intent_id, refunds::amount_minor))
        .first(connection)
        .await
        .optional()?)
}

/// Marks the order of an intent as refunded, where there is one.
pub async fn refund_order_if_confirmed(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<(), Error> {
    diesel::update(orders::table)
        .filter(orders::payment_intent_id.eq(payment_intent_id))
        .filter(orders::status.eq("confirmed"))
        .set(orders::status.eq("refunded"))
        .execute(connection)
        .await?;
    Ok(())
}
