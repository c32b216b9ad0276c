//! What to look at: subjects that changed, and subjects whose time has passed without a change.

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

/// A row of an append-only table that tells of a change.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Change {
    pub source: String,
    pub id: i64,
    pub payment_intent_id: Option<String>,
    pub variant_id: Option<String>,
}

/// How far a source was read.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Cursor {
    pub source: String,
    /// Looked at when new.
    pub seen_id: i64,
    /// Looked at once more, and nothing can appear any more below.
    pub settled_id: i64,
    /// Up to here it may be settled, if `is_due`.
    pub settling_id: i64,
    pub is_due: bool,
}

statement! {
    Cursors { } -> (Text, BigInt, BigInt, BigInt, Bool);
    "SELECT source, seen_id, settled_id, settling_id, \
            settling_since < now() - interval '2 minutes' \
            AND settling_xid <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
       FROM invariant_check_cursors ORDER BY source"
}

/// How far each source was read.
pub async fn cursors(connection: &mut Connection) -> Result<Vec<Cursor>, Error> {
    Ok(Cursors {}.load(connection).await?)
}

statement! {
    New { changes_max: i64 } -> (Text, BigInt, Nullable<Text>, Nullable<Text>);
    "SELECT c.source, new.id, new.payment_intent_id, new.variant_id \
       FROM invariant_check_cursors c \
      CROSS JOIN LATERAL (SELECT * FROM changes_to_check ch WHERE ch.source = c.source AND ch.id > c.seen_id \
                           ORDER BY ch.id LIMIT " (changes_max as BigInt) ") AS new"
}

/// Changes that were not looked at yet, at most `changes_max` a source, oldest first within one.
pub async fn new(connection: &mut Connection, changes_max: i64) -> Result<Vec<Change>, Error> {
    Ok(New { changes_max }.load(connection).await?)
}

statement! {
    Settled { changes_max: i64 } -> (Text, BigInt, Nullable<Text>, Nullable<Text>);
    "SELECT c.source, old.id, old.payment_intent_id, old.variant_id \
       FROM invariant_check_cursors c \
      CROSS JOIN LATERAL (SELECT * FROM changes_to_check ch WHERE ch.source = c.source AND ch.id > c.settled_id \
                           ORDER BY ch.id LIMIT " (changes_max as BigInt) ") AS old \
      WHERE old.id <= c.settling_id AND c.settling_since < now() - interval '2 minutes' \
        AND c.settling_xid <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
}

/// Changes below which no other can appear any more and whose graces are over: two minutes have passed since they
/// were seen, and every transaction of that moment has ended. At most `changes_max` a source.
pub async fn settled(connection: &mut Connection, changes_max: i64) -> Result<Vec<Change>, Error> {
    Ok(Settled { changes_max }.load(connection).await?)
}

statement! {
    MoveCursor<'a> { source: &'a str, seen_id: i64, settled_id: i64 } -> BigInt;
    "UPDATE invariant_check_cursors c SET seen_id = n.seen_id, settled_id = n.settled_id, \
            settling_id = CASE WHEN n.begins THEN n.seen_id ELSE c.settling_id END, \
            settling_xid = CASE WHEN n.begins THEN pg_snapshot_xmax(pg_current_snapshot())::text::bigint ELSE c.settling_xid END, \
            settling_since = CASE WHEN n.begins THEN clock_timestamp() ELSE c.settling_since END \
       FROM (SELECT o.source, " (seen_id as BigInt) " AS seen_id, " (settled_id as BigInt) " AS settled_id, \
                    o.settling_id = " (settled_id as BigInt) " AND o.settling_id < " (seen_id as BigInt) " AS begins \
               FROM invariant_check_cursors o WHERE o.source = " (source as Text) ") AS n \
      WHERE c.source = n.source"
}

/// Moves a source's cursor to what was looked at. Where all that was settling has settled, what was seen since begins to.
pub async fn move_cursor(
    connection: &mut Connection,
    source: &str,
    seen_id: i64,
    settled_id: i64,
) -> Result<(), Error> {
    MoveCursor { source, seen_id, settled_id }.execute(connection).await?;
    Ok(())
}

/// Something that may break a promise.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Suspect {
    /// `intent`, `variant` or `job`.
    pub subject_kind: String,
    pub subject: String,
}

statement! {
    Suspects { each_max: i64 } -> (Text, Text);
    "(SELECT 'intent', pi.payment_intent_id FROM payment_intents pi \
       WHERE pi.status IN ('created', 'awaiting_payment') AND pi.expires_at < now() - interval '60 seconds' \
       ORDER BY pi.expires_at DESC LIMIT " (each_max as BigInt) ") \
     UNION ALL \
     (SELECT 'intent', pi.payment_intent_id FROM payment_intents pi \
       WHERE pi.status = 'verified' AND pi.updated_at < now() - interval '60 seconds' \
       ORDER BY pi.updated_at DESC LIMIT " (each_max as BigInt) ") \
     UNION ALL \
     (SELECT 'intent', r.payment_intent_id FROM refunds r WHERE r.status = 'requested' LIMIT " (each_max as BigInt) ") \
     UNION ALL \
     (SELECT 'job', j.id::text FROM job_queue j \
       WHERE j.status = 'processing' AND (j.locked_until < now() - interval '60 seconds' OR j.attempts > j.max_attempts) \
       LIMIT " (each_max as BigInt) ") \
     UNION ALL \
     (SELECT 'job', j.id::text FROM job_queue j WHERE j.status = 'failed' ORDER BY j.id DESC LIMIT " (each_max as BigInt) ") \
     UNION ALL \
     (SELECT 'variant', c.variant_id FROM stock_checkpoints c WHERE c.is_behind LIMIT " (each_max as BigInt) ") \
     UNION ALL \
     (SELECT r.subject_kind, r.subject FROM invariant_check_results r WHERE r.cleared_at IS NULL \
       ORDER BY r.last_seen_at LIMIT " (each_max as BigInt) ")"
}

/// What no change announces: intents, refunds and jobs whose time has passed, the newest first; variants whose
/// checkpoint is behind; and what is listed as broken, the longest unseen first. At most `each_max` of each.
pub async fn suspects(connection: &mut Connection, each_max: i64) -> Result<Vec<Suspect>, Error> {
    Ok(Suspects { each_max }.load(connection).await?)
}
