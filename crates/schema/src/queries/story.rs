//! Everything that was ever written down about one payment intent, in one statement.

use chrono::{DateTime, Utc};
use diesel::{
    Queryable,
    sql_types::{BigInt, Jsonb, Text, Timestamptz},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use crate::{Connection, Error};

/// One thing that happened.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct StoryEntry {
    pub at: DateTime<Utc>,
    /// What it is: `intent_made`, `callback_received`, `gateway_answered`, `status_changed`, …
    pub kind: String,
    pub detail: Value,
}

statement! {
    EntriesOf<'a> { payment_intent_id: &'a str, examined_max: i64, entries_max: i64 } -> (Timestamptz, Text, Jsonb);
    "WITH intent AS (
         SELECT pi.payment_intent_id, pi.user_id, pi.cart_id, pi.cart_version, pi.cart_round, pi.provider, pi.gateway_reference,
                pi.subtotal_minor, pi.discount_minor, pi.shipping_minor, pi.tax_minor, pi.amount_minor, pi.currency,
                pi.expires_at, pi.created_at
           FROM payment_intents pi WHERE pi.payment_intent_id = " (payment_intent_id as Text) "
     ), keys AS (
         SELECT ARRAY(SELECT (word || i.payment_intent_id) COLLATE \"default\"
                        FROM intent i, unnest(ARRAY['verify_payment:', 'finalize_order:', 'refund_payment:']) AS word) AS live
     ), jobs AS MATERIALIZED (
         SELECT q.* FROM job_queue q, keys
          WHERE q.idempotency_key = ANY (keys.live) AND q.idempotency_key IS NOT NULL
            AND q.status IN ('pending', 'processing')
         UNION ALL
         SELECT q.* FROM (SELECT f.* FROM job_queue f WHERE f.status = 'failed' ORDER BY f.id DESC
                           LIMIT " (examined_max as BigInt) ") AS q, keys
          WHERE q.idempotency_key = ANY (keys.live)
         UNION ALL
         SELECT q.* FROM (SELECT f.* FROM job_queue f ORDER BY f.id DESC LIMIT " (examined_max as BigInt) ") AS q, keys
          WHERE q.idempotency_key = ANY (keys.live) AND q.status IN ('completed', 'cancelled')
     ), entries (at, place, id, kind, detail) AS (
         SELECT i.created_at, 0, 0::bigint, 'intent_made',
                to_jsonb(i) - 'payment_intent_id' - 'created_at' || jsonb_build_object('lines', (
                    SELECT jsonb_agg(jsonb_build_object('sku', ii.sku, 'product_name', ii.product_name, 'title', ii.title,
                                                        'quantity', ii.quantity, 'unit_price_minor', ii.unit_price_minor)
                                     ORDER BY ii.variant_id)
                      FROM payment_intent_items ii WHERE ii.payment_intent_id = i.payment_intent_id))
           FROM intent i
         UNION ALL
         SELECT c.created_at, 1, c.id, 'callback_received',
                jsonb_build_object('kind', c.kind, 'verdict', c.verdict, 'reason', c.reason, 'raw_payload', c.raw_payload,
                                   'is_truncated', c.is_truncated)
           FROM payment_callbacks c JOIN intent USING (payment_intent_id)
         UNION ALL
         SELECT e.created_at, 2, e.id, e.kind,
                jsonb_build_object('from', e.from_status, 'to', e.to_status, 'outcome', e.outcome, 'cause', e.cause,
                                   'answer', e.detail)
           FROM payment_intent_events e JOIN intent USING (payment_intent_id)
         UNION ALL
         SELECT v.created_at, 3, v.id, 'payment_verified',
                jsonb_build_object('gateway_transaction_id', v.gateway_transaction_id, 'amount_minor', v.amount_minor,
                                   'status', v.status, 'source', v.source)
           FROM payment_gateway_verifications v JOIN intent USING (payment_intent_id)
         UNION ALL
         SELECT m.created_at, 4, m.id, 'stock_moved',
                jsonb_build_object('variant_id', m.variant_id, 'available_delta', m.available_delta,
                                   'reserved_delta', m.reserved_delta, 'sold_delta', m.sold_delta, 'reason', m.reason)
           FROM inventory_movements m JOIN intent USING (payment_intent_id)
         UNION ALL
         SELECT o.created_at, 5, 0, 'order_made',
                jsonb_build_object('order_number', o.order_number, 'total_minor', o.total_minor, 'status', o.status,
                                   'fulfillment_status', o.fulfillment_status)
           FROM orders o JOIN intent USING (payment_intent_id)
         UNION ALL
         SELECT moment.at, 6, r.id, moment.kind,
                jsonb_build_object('refund_id', r.id, 'amount_minor', r.amount_minor, 'status', r.status, 'cause', r.cause,
                                   'requested_by', r.requested_by, 'portal_reference', r.portal_reference,
                                   'gateway_reply', r.gateway_reply)
           FROM refunds r JOIN intent USING (payment_intent_id)
          CROSS JOIN LATERAL (VALUES (r.created_at, 'refund_requested'), (r.sent_at, 'refund_sent'),
                                     (r.settled_at, 'refund_settled')) AS moment (at, kind)
          WHERE moment.at IS NOT NULL
         UNION ALL
         SELECT c.created_at, 7, c.id, 'case_opened', jsonb_build_object('case_id', c.id, 'kind', c.kind, 'evidence', c.detail)
           FROM review_cases c JOIN intent USING (payment_intent_id)
         UNION ALL
         SELECT c.resolved_at, 8, c.id, 'case_resolved',
                jsonb_build_object('case_id', c.id, 'kind', c.kind, 'resolution', c.resolution, 'resolved_by', c.resolved_by,
                                   'reason', c.resolution_reason)
           FROM review_cases c JOIN intent USING (payment_intent_id) WHERE c.resolved_at IS NOT NULL
         UNION ALL
         SELECT j.created_at, 9, j.id, 'job_enqueued',
                jsonb_build_object('job_id', j.id, 'job_type', j.job_type, 'status', j.status, 'attempts', j.attempts,
                                   'max_attempts', j.max_attempts, 'crash_count', j.crash_count, 'run_at', j.run_at,
                                   'locked_by', j.locked_by, 'last_error', j.last_error)
           FROM jobs j
         UNION ALL
         SELECT coalesce(j.completed_at, j.failed_at, j.updated_at), 10, j.id, 'job_' || j.status,
                jsonb_build_object('job_id', j.id, 'job_type', j.job_type, 'attempts', j.attempts, 'last_error', j.last_error)
           FROM jobs j WHERE j.status IN ('completed', 'failed', 'cancelled')
         UNION ALL
         SELECT a.created_at, 11, a.id, 'operator_acted',
                jsonb_build_object('operator', a.operator, 'action', a.action, 'subject', a.subject, 'reason', a.reason,
                                   'before', a.before, 'after', a.after)
           FROM admin_audit_log a
          WHERE a.subject IN (SELECT i.payment_intent_id FROM intent i UNION ALL SELECT 'job:' || j.id FROM jobs j)
     )
     SELECT at, kind, detail FROM entries ORDER BY at, place, id LIMIT " (entries_max as BigInt)
}

/// What happened to an intent, oldest first, at most `entries_max` entries; none for an unknown intent.
///
/// Jobs that are over have no index by what they were about: those among the newest `examined_max` jobs, and the newest
/// `examined_max` failed ones, are found.
pub async fn entries_of_intent(
    connection: &mut Connection,
    payment_intent_id: &str,
    examined_max: i64,
    entries_max: i64,
) -> Result<Vec<StoryEntry>, Error> {
    Ok(EntriesOf { payment_intent_id, examined_max, entries_max }.load(connection).await?)
}
