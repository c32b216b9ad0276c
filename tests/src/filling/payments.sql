-- Payments {from} to {to} of {total}, made within the last thirty days, the newest last. Nine of ten are orders; the
-- rest expired unpaid, some of them with an open review case. Triggers and foreign keys sleep meanwhile: their rows are
-- written here, and CHECKs, unique keys and NOT NULLs stand.
SET LOCAL session_replication_role = replica;

CREATE TEMPORARY TABLE filling ON COMMIT DROP AS
SELECT n, gen_random_uuid() AS cart_id, gen_random_uuid() AS order_id, n % 10 <> 0 AS is_order,
       n % {cases_every} = 0 AS has_case, 'filled-shopper-' || n AS user_id, word AS provider,
       'pi_' || word || '_' || substr(md5('filled' || n), 1, 26) AS payment_intent_id,
       now() - (1 - n::float8 / {total}) * interval '30 days' - interval '1 hour' AS made_at,
       n % 10 <> 0 AND (1 - n::float8 / {total}) * interval '30 days' > interval '7 days' AS is_closed
  FROM generate_series({from}::bigint, {to}::bigint) AS n,
       LATERAL (SELECT CASE WHEN n % 2 = 0 THEN 'esewa' ELSE 'khalti' END AS word) AS gateway;
CREATE TEMPORARY TABLE lines ON COMMIT DROP AS
SELECT f.n, f.payment_intent_id, f.order_id, f.is_order, f.made_at, v.variant_id, p.vendor_id, p.name, v.title, v.sku,
       1 + ((f.n + line) % 3)::integer AS quantity, v.unit_price_minor
  FROM filling f CROSS JOIN generate_series(0, 1) AS line
  JOIN product_variants v ON v.variant_id = 'filled-' || 1 + (f.n * 7919 + line * 997) % {variants}
  JOIN products p USING (product_id);
CREATE TEMPORARY TABLE sums ON COMMIT DROP AS
SELECT payment_intent_id, sum(quantity * unit_price_minor)::bigint AS amount_minor FROM lines GROUP BY 1;
ANALYZE filling; ANALYZE lines; ANALYZE sums;

INSERT INTO carts (cart_id, user_id, version, round, created_at)
SELECT cart_id, user_id, CASE WHEN is_order THEN 2 ELSE 1 END, CASE WHEN is_order THEN 2 ELSE 1 END, made_at FROM filling;
INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status,
       status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at, last_asked_at,
       question_closed_at, created_at, updated_at)
SELECT f.payment_intent_id, f.user_id, f.cart_id, 1, 1, f.provider, replace(f.payment_intent_id, '_', '-'),
       CASE WHEN f.is_order THEN 'completed' WHEN f.has_case THEN 'under_review' ELSE 'expired' END, 'filled',
       CASE WHEN f.is_order THEN 'settled' ELSE 'released' END, s.amount_minor, s.amount_minor,
       '{"full_name": "Sita Rai", "city": "Pokhara"}', f.made_at + interval '30 minutes', f.made_at + interval '20 seconds',
       CASE WHEN f.is_closed THEN f.made_at + interval '7 days' END, f.made_at, f.made_at + interval '31 minutes'
  FROM filling f JOIN sums s USING (payment_intent_id);
INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor)
SELECT payment_intent_id, variant_id, vendor_id, name, title, sku, quantity, unit_price_minor FROM lines;
INSERT INTO payment_intent_events (payment_intent_id, kind, from_status, to_status, outcome, cause, detail, created_at)
SELECT f.payment_intent_id, e.kind, e.from_status, e.to_status, e.outcome, 'filled', e.detail, f.made_at + e.after
  FROM filling f CROSS JOIN LATERAL (VALUES
       ('status_changed', NULL, 'awaiting_payment', NULL, NULL::jsonb, interval '0', true),
       ('gateway_answered', NULL, NULL, 'paid', '{"status": "COMPLETE"}', interval '20 seconds', f.is_order),
       ('status_changed', 'awaiting_payment', 'verified', NULL, NULL, interval '20 seconds', f.is_order),
       ('status_changed', 'verified', 'completed', NULL, NULL, interval '21 seconds', f.is_order),
       ('gateway_answered', NULL, NULL, 'undecided', '{"status": "PENDING"}', interval '20 seconds', NOT f.is_order),
       ('status_changed', 'awaiting_payment', 'expired', NULL, NULL, interval '30 minutes', NOT f.is_order),
       ('status_changed', 'expired', 'under_review', NULL, NULL, interval '31 minutes', f.has_case AND NOT f.is_order))
       AS e (kind, from_status, to_status, outcome, detail, after, happened)
 WHERE e.happened ORDER BY f.n, e.after;
INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id, created_at)
SELECT l.variant_id, m.available * l.quantity, m.reserved * l.quantity, m.sold * l.quantity, m.reason, l.payment_intent_id,
       l.made_at + m.after
  FROM lines l CROSS JOIN LATERAL (VALUES
       (-1, 1, 0, 'reserved', interval '0', true), (0, -1, 1, 'settled', interval '21 seconds', l.is_order),
       (1, -1, 0, 'released', interval '30 minutes', NOT l.is_order))
       AS m (available, reserved, sold, reason, after, happened)
 WHERE m.happened ORDER BY l.n, m.after;
UPDATE inventory i SET available = available - d.sold, sold = i.sold + d.sold, version = version + 1
  FROM (SELECT variant_id, sum(quantity)::integer AS sold FROM lines WHERE is_order GROUP BY 1) AS d
 WHERE d.variant_id = i.variant_id;
INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor,
       raw_response, source, created_at)
SELECT f.payment_intent_id, f.provider, 'filled-' || f.n, 'completed', s.amount_minor, '{"status": "COMPLETE"}', 'callback',
       f.made_at + interval '20 seconds'
  FROM filling f JOIN sums s USING (payment_intent_id) WHERE f.is_order ORDER BY f.n;
INSERT INTO orders (id, order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor,
       shipping_address, created_at)
SELECT f.order_id, 'ORD-' || translate(upper(substr(md5('order' || f.n), 1, 16)), '01', 'XY'), f.payment_intent_id, f.user_id,
       f.cart_id, 1, s.amount_minor, s.amount_minor, '{"full_name": "Sita Rai", "city": "Pokhara"}',
       f.made_at + interval '21 seconds'
  FROM filling f JOIN sums s USING (payment_intent_id) WHERE f.is_order ORDER BY f.n;
INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor, line_total_minor)
SELECT order_id, variant_id, vendor_id, name, title, sku, quantity, unit_price_minor, quantity * unit_price_minor
  FROM lines WHERE is_order ORDER BY n;
INSERT INTO review_cases (payment_intent_id, kind, detail, created_at)
SELECT payment_intent_id, 'undecided', '[{"kind": "undecided", "outcome": "undecided"}]', made_at + interval '31 minutes'
  FROM filling WHERE has_case AND NOT is_order ORDER BY n;

-- The question of each: over with an order that is a week old, or due tomorrow at the earliest; nothing here is due, so no worker stirs.
INSERT INTO job_queue (job_type, payload, priority, status, attempts, run_at, idempotency_key, created_at, updated_at, completed_at)
SELECT job.job_type, jsonb_build_object('payment_intent_id', f.payment_intent_id), job.priority,
       CASE WHEN job.is_over THEN 'completed' ELSE 'pending' END, CASE WHEN job.is_over THEN 1 ELSE 0 END,
       CASE WHEN job.is_over THEN f.made_at ELSE now() + interval '1 day' + f.n % 1000 * interval '10 minutes' END,
       job.job_type || ':' || f.payment_intent_id, f.made_at, f.made_at + interval '21 seconds',
       CASE WHEN job.is_over THEN f.made_at + interval '21 seconds' END
  FROM filling f CROSS JOIN LATERAL (VALUES ('verify_payment', 100, f.is_closed, true), ('finalize_order', 10, true, f.is_order))
       AS job (job_type, priority, is_over, is_there)
 WHERE job.is_there ORDER BY f.n
