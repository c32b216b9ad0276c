//! What is known about one payment, kind by kind: what a person compares before deciding a case.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Connection, Error,
    schema::{
        payment_callbacks, payment_gateway_verifications, payment_intent_events, refunds, review_cases,
    },
};

/// A case whole.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Serialize)]
#[diesel(table_name = review_cases)]
pub struct CaseRow {
    pub id: i64,
    pub payment_intent_id: String,
    pub kind: String,
    pub detail: Value,
    pub status: String,
    pub resolution: Option<String>,
    pub resolved_by: Option<String>,
    pub resolution_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub resolved_at: Option<DateTime<Utc>>,
}

/// One case.
pub async fn case(connection: &mut Connection, case_id: i64) -> Result<Option<CaseRow>, Error> {
    Ok(review_cases::table.find(case_id).select(CaseRow::as_select()).first(connection).await.optional()?)
}

/// A gateway transaction as the gateway told it.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Serialize)]
#[diesel(table_name = payment_gateway_verifications)]
pub struct VerificationRow {
    pub gateway_transaction_id: String,
    pub status: String,
    pub amount_minor: i64,
    pub currency: String,
    pub raw_response: Value,
    pub source: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The newest gateway transactions of an intent.
pub async fn newest_verifications(
    connection: &mut Connection,
    payment_intent_id: &str,
    rows_max: i64,
) -> Result<Vec<VerificationRow>, Error> {
    Ok(payment_gateway_verifications::table
        .filter(payment_gateway_verifications::payment_intent_id.eq(payment_intent_id))
        .order(payment_gateway_verifications::id.desc())
        .limit(rows_max)
        .select(VerificationRow::as_select())
        .load(connection)
        .await?)
}

/// What the gateway answered, and what that meant.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Serialize)]
#[diesel(table_name = payment_intent_events)]
pub struct AnswerRow {
    pub outcome: Option<String>,
    pub cause: String,
    pub detail: Option<Value>,
    pub created_at: DateTime<Utc>,
}

/// The newest answers about an intent.
pub async fn newest_answers(
    connection: &mut Connection,
    payment_intent_id: &str,
    rows_max: i64,
) -> Result<Vec<AnswerRow>, Error> {
    Ok(payment_intent_events::table
        .filter(payment_intent_events::payment_intent_id.eq(payment_intent_id))
        .filter(payment_intent_events::kind.eq("gateway_answered"))
        .order(payment_intent_events::id.desc())
        .limit(rows_max)
        .select(AnswerRow::as_select())
        .load(connection)
        .await?)
}

/// What a browser or a relay brought back.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Serialize)]
#[diesel(table_name = payment_callbacks)]
pub struct CallbackRow {
    pub kind: String,
    pub verdict: String,
    pub reason: Option<String>,
    pub raw_payload: String,
    pub is_truncated: bool,
    pub created_at: DateTime<Utc>,
}

/// The newest callbacks of an intent, as received.
pub async fn newest_callbacks(
    connection: &mut Connection,
    payment_intent_id: &str,
    rows_max: i64,
) -> Result<Vec<CallbackRow>, Error> {
    Ok(payment_callbacks::table
        .filter(payment_callbacks::payment_intent_id.eq(payment_intent_id))
        .order(payment_callbacks::id.desc())
        .limit(rows_max)
        .select(CallbackRow::as_select())
        .load(connection)
        .await?)
}

/// Money given back, or being given back.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Serialize)]
#[diesel(table_name = refunds)]
pub struct RefundRow {
    pub id: i64,
    pub amount_minor: i64,
    pub status: String,
    pub cause: String,
    pub portal_reference: Option<String>,
    pub requested_by: Option<String>,
    pub gateway_reply: Option<String>,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// The newest refunds of an intent.
pub async fn newest_refunds(
    connection: &mut Connection,
    payment_intent_id: &str,
    rows_max: i64,
) -> Result<Vec<RefundRow>, Error> {
    Ok(refunds::table
        .filter(refunds::payment_intent_id.eq(payment_intent_id))
        .order(refunds::id.desc())
        .limit(rows_max)
        .select(RefundRow::as_select())
        .load(connection)
        .await?)
}
