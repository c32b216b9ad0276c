//! `admin_audit_log`: who changed what by hand, and why.

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, QueryDsl, Queryable,
    sql_types::{Array, BigInt, Jsonb, Text},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use crate::{Connection, Error, schema::admin_audit_log};

/// One change by a person.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    pub operator: &'a str,
    pub action: &'a str,
    pub subject: &'a str,
    pub reason: &'a str,
    pub before: &'a Value,
    pub after: &'a Value,
}

/// Writes a change down, in the transaction that makes it.
pub async fn insert(connection: &mut Connection, entry: NewEntry<'_>) -> Result<(), Error> {
    diesel::insert_into(admin_audit_log::table)
        .values((
            admin_audit_log::operator.eq(entry.operator),
            admin_audit_log::action.eq(entry.action),
            admin_audit_log::subject.eq(entry.subject),
            admin_audit_log::reason.eq(entry.reason),
            admin_audit_log::before.eq(entry.before),
            admin_audit_log::after.eq(entry.after),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// A change as the log has it.
#[derive(Debug, Clone, PartialEq, Queryable, Serialize)]
pub struct Entry {
    pub id: i64,
    pub operator: String,
    pub action: String,
    pub subject: String,
    pub reason: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub created_at: DateTime<Utc>,
}

/// Which changes are listed; what is not given does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    pub operator: Option<&'a str>,
    pub action: Option<&'a str>,
    pub subject: Option<&'a str>,
    /// Only those older than this one.
    pub before_id: Option<i64>,
}

/// At most `entries_max` changes, newest first.
pub async fn list_newest(
    connection: &mut Connection,
    filter: Filter<'_>,
    entries_max: i64,
) -> Result<Vec<Entry>, Error> {
    let mut entries =
        admin_audit_log::table.order(admin_audit_log::id.desc()).limit(entries_max).into_boxed();
    if let Some(operator) = filter.operator {
        entries = entries.filter(admin_audit_log::operator.eq(operator));
    }
    if let Some(action) = filter.action {
        entries = entries.filter(admin_audit_log::action.eq(action));
    }
    if let Some(subject) = filter.subject {
        entries = entries.filter(admin_audit_log::subject.eq(subject));
    }
    if let Some(before_id) = filter.before_id {
        entries = entries.filter(admin_audit_log::id.lt(before_id));
    }
    Ok(entries.load(connection).await?)
}

statement! {
    InsertAll<'a> {
        operator: &'a str, action: &'a str, reason: &'a str, subjects: &'a [String], befores: Vec<&'a Value>,
        after: &'a Value,
    } -> BigInt;
    "INSERT INTO admin_audit_log (operator, action, subject, reason, before, after) \
     SELECT " (operator as Text) ", " (action as Text) ", changed.subject, " (reason as Text) ", changed.before, \
            changed.before || " (after as Jsonb) " \
       FROM unnest(" (subjects as Array<Text>) ", " (befores as Array<Jsonb>) ") AS changed (subject, before)"
}

/// One change by a person to many subjects.
#[derive(Debug, Clone)]
pub struct NewEntries<'a> {
    pub operator: &'a str,
    pub action: &'a str,
    pub reason: &'a str,
    pub subjects: &'a [String],
    /// One a subject, in their order.
    pub befores: Vec<&'a Value>,
    /// What is different after it, the same for each.
    pub after: &'a Value,
}

/// Writes the same change of many subjects down, an entry each, in the transaction that makes it.
pub async fn insert_all(connection: &mut Connection, entries: NewEntries<'_>) -> Result<(), Error> {
    let NewEntries { operator, action, reason, subjects, befores, after } = entries;
    InsertAll { operator, action, reason, subjects, befores, after }.execute(connection).await?;
    Ok(())
}

statement! {
    StateOf<'a> { payment_intent_id: &'a str } -> Jsonb;
    "SELECT jsonb_build_object( \
                'status', pi.status, 'reservation', pi.reservation, 'refunded_minor', pi.refunded_minor, \
                'case', (SELECT jsonb_build_object('id', c.id, 'kind', c.kind, 'status', c.status, \
                                                   'resolution', c.resolution) \
                           FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id \
                          ORDER BY c.id DESC LIMIT 1), \
                'refund', (SELECT jsonb_build_object('id', r.id, 'status', r.status, 'amount_minor', r.amount_minor) \
                             FROM refunds r WHERE r.payment_intent_id = pi.payment_intent_id \
                            ORDER BY r.id DESC LIMIT 1)) \
       FROM payment_intents pi WHERE pi.payment_intent_id = " (payment_intent_id as Text)
}

/// An intent as the audit log shows it before and after a change: status, stock, newest case, newest refund.
pub async fn state_of_intent(connection: &mut Connection, payment_intent_id: &str) -> Result<Value, Error> {
    Ok(StateOf { payment_intent_id }.get_result(connection).await?)
}
