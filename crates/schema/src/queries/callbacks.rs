//! `payment_callbacks`: what was brought back, as received. Written once, never changed.

use diesel::ExpressionMethods;
use diesel_async::RunQueryDsl;

use crate::{Connection, Error, schema::payment_callbacks};

/// A callback with the verdict on it.
#[derive(Debug, Clone, Copy)]
pub struct NewCallback<'a> {
    pub payment_intent_id: &'a str,
    pub provider: &'a str,
    /// `return`, `failure_return` or `webhook`.
    pub kind: &'a str,
    /// `accepted`, `incomplete` or `invalid`.
    pub verdict: &'a str,
    /// Why it is invalid; required there.
    pub reason: Option<&'a str>,
    /// At most 16 KiB.
    pub raw_payload: &'a str,
    /// Whether more was received than `raw_payload` holds.
    pub is_truncated: bool,
}

/// Stores one callback.
pub async fn insert(connection: &mut Connection, callback: NewCallback<'_>) -> Result<(), Error> {
    diesel::insert_into(payment_callbacks::table)
        .values((
            payment_callbacks::payment_intent_id.eq(callback.payment_intent_id),
            payment_callbacks::provider.eq(callback.provider),
            payment_callbacks::kind.eq(callback.kind),
            payment_callbacks::verdict.eq(callback.verdict),
            payment_callbacks::reason.eq(callback.reason),
            payment_callbacks::raw_payload.eq(callback.raw_payload),
            payment_callbacks::is_truncated.eq(callback.is_truncated),
        ))
        .execute(connection)
        .await?;
    Ok(())
}
