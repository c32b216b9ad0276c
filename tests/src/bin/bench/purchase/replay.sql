-- What one purchase asks of Postgres, one statement after the other as the services send them: three lines put into the
-- cart, an intent and every other time the gateway's session, the browser's return, the gateway's answer, the claim, the
-- order (appended by replay.rs: finalize's own statements), the buyer's look. Every transaction is as durable as the
-- services' own.
\set lap :lap + 1
\set has_session mod(:lap, 2)
\set spread :lap * 7919 + :client_id * 131
\set first mod(:spread, 3000) + 1
\set second mod(:spread + 997, 3000) + 1
\set third mod(:spread + 1994, 3000) + 1
BEGIN;
INSERT INTO carts (user_id) VALUES ('replayed-' || :client_id) ON CONFLICT (user_id) DO NOTHING;
SELECT cart_id AS cart, version, round FROM carts WHERE user_id = 'replayed-' || :client_id FOR NO KEY UPDATE \gset
SELECT v.unit_price_minor AS price, v.is_active AND p.is_active AS is_for_sale, (SELECT count(*) FROM cart_items ci WHERE ci.cart_id = :cart::uuid AND ci.variant_id <> v.variant_id) AS other_lines FROM product_variants v JOIN products p USING (product_id) WHERE v.variant_id = 'v' || :first \gset
WITH put AS (INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor) VALUES (:cart::uuid, 'v' || :first, 1, :price::bigint) ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = excluded.quantity RETURNING variant_id) UPDATE carts SET version = version + 1, updated_at = now() WHERE cart_id = :cart::uuid AND EXISTS (SELECT FROM put) RETURNING version;
SELECT ci.variant_id, v.sku, p.vendor_id, p.name, v.title, ci.quantity, ci.unit_price_minor, v.unit_price_minor, v.is_active, p.is_active, i.available FROM cart_items ci JOIN product_variants v USING (variant_id) JOIN products p USING (product_id) LEFT JOIN inventory i USING (variant_id) WHERE ci.cart_id = :cart::uuid ORDER BY ci.created_at, ci.variant_id;
COMMIT;
BEGIN;
SELECT cart_id AS cart, version, round FROM carts WHERE user_id = 'replayed-' || :client_id FOR NO KEY UPDATE \gset
SELECT v.unit_price_minor AS price, v.is_active AND p.is_active AS is_for_sale, (SELECT count(*) FROM cart_items ci WHERE ci.cart_id = :cart::uuid AND ci.variant_id <> v.variant_id) AS other_lines FROM product_variants v JOIN products p USING (product_id) WHERE v.variant_id = 'v' || :second \gset
WITH put AS (INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor) VALUES (:cart::uuid, 'v' || :second, 2, :price::bigint) ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = excluded.quantity RETURNING variant_id) UPDATE carts SET version = version + 1, updated_at = now() WHERE cart_id = :cart::uuid AND EXISTS (SELECT FROM put) RETURNING version;
SELECT ci.variant_id, v.sku, p.vendor_id, p.name, v.title, ci.quantity, ci.unit_price_minor, v.unit_price_minor, v.is_active, p.is_active, i.available FROM cart_items ci JOIN product_variants v USING (variant_id) JOIN products p USING (product_id) LEFT JOIN inventory i USING (variant_id) WHERE ci.cart_id = :cart::uuid ORDER BY ci.created_at, ci.variant_id;
COMMIT;
BEGIN;
SELECT cart_id AS cart, version, round FROM carts WHERE user_id = 'replayed-' || :client_id FOR NO KEY UPDATE \gset
SELECT v.unit_price_minor AS price, v.is_active AND p.is_active AS is_for_sale, (SELECT count(*) FROM cart_items ci WHERE ci.cart_id = :cart::uuid AND ci.variant_id <> v.variant_id) AS other_lines FROM product_variants v JOIN products p USING (product_id) WHERE v.variant_id = 'v' || :third \gset
WITH put AS (INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor) VALUES (:cart::uuid, 'v' || :third, 3, :price::bigint) ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = excluded.quantity RETURNING variant_id) UPDATE carts SET version = version + 1, updated_at = now() WHERE cart_id = :cart::uuid AND EXISTS (SELECT FROM put) RETURNING version;
SELECT ci.variant_id, v.sku, p.vendor_id, p.name, v.title, ci.quantity, ci.unit_price_minor, v.unit_price_minor, v.is_active, p.is_active, i.available FROM cart_items ci JOIN product_variants v USING (variant_id) JOIN products p USING (product_id) LEFT JOIN inventory i USING (variant_id) WHERE ci.cart_id = :cart::uuid ORDER BY ci.created_at, ci.variant_id;
COMMIT;
BEGIN;
SELECT cart_id AS cart, version, round FROM carts WHERE user_id = 'replayed-' || :client_id FOR NO KEY UPDATE \gset
SELECT request_digest, response_body FROM idempotency_keys k JOIN payment_intents pi USING (payment_intent_id) WHERE k.user_id = 'replayed-' || :client_id AND k.idempotency_key = 'key-' || :version;
SELECT coalesce(sum(ci.quantity * ci.unit_price_minor), 0) AS amount, 'pi_esewa_' || substr(md5(:client_id || '-' || :version), 1, 26) AS intent FROM cart_items ci JOIN product_variants v USING (variant_id) JOIN products p USING (product_id) LEFT JOIN inventory i USING (variant_id) WHERE ci.cart_id = :cart::uuid \gset
SELECT payment_intent_id, status FROM payment_intents WHERE cart_id = :cart::uuid AND (status IN ('created', 'awaiting_payment') OR (status = 'verified' AND cart_round = :round::integer)) ORDER BY payment_intent_id FOR NO KEY UPDATE;
INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES (:intent, 'replayed-' || :client_id, :cart::uuid, :version::bigint, :round::integer, 'esewa', CASE WHEN :has_session::integer = 0 THEN replace(:intent, '_', '-') END, CASE WHEN :has_session::integer = 0 THEN 'awaiting_payment' ELSE 'created' END, 'checkout', 'held', :amount::bigint, :amount::bigint, '{"full_name": "Asha Gurung", "phone": "9800000000", "line1": "Lakeside 6", "city": "Pokhara", "province": "Gandaki", "country": "NP"}', now() + interval '30 minutes') RETURNING expires_at;
INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor) SELECT :intent::text, ci.variant_id, p.vendor_id, p.name, v.title, v.sku, ci.quantity, ci.unit_price_minor FROM cart_items ci JOIN product_variants v USING (variant_id) JOIN products p USING (product_id) WHERE ci.cart_id = :cart::uuid;
INSERT INTO job_queue (job_type, payload, priority, run_at, max_attempts, idempotency_key) VALUES ('verify_payment', jsonb_build_object('payment_intent_id', :intent::text), 100, clock_timestamp() + interval '1 minute', 20, 'verify_payment:' || :intent);
INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, payment_intent_id, response_body) VALUES ('replayed-' || :client_id, 'key-' || :version, sha256('body'), :intent, CASE WHEN :has_session::integer = 0 THEN convert_to(repeat('x', 900), 'UTF8') END);
WITH demand AS MATERIALIZED (SELECT variant_id, quantity FROM payment_intent_items WHERE payment_intent_id = :intent), locked AS MATERIALIZED (SELECT i.variant_id FROM inventory i WHERE i.variant_id IN (SELECT variant_id FROM demand) ORDER BY i.variant_id FOR NO KEY UPDATE), counted AS (UPDATE inventory i SET available = i.available - d.quantity, reserved = i.reserved + d.quantity, version = i.version + 1 FROM demand d JOIN locked USING (variant_id) WHERE i.variant_id = d.variant_id) INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id) SELECT variant_id, -quantity, quantity, 0, 'reserved', :intent::text FROM demand;
COMMIT;
\if :has_session
BEGIN;
UPDATE payment_intents SET status = 'awaiting_payment', status_cause = 'gateway session', updated_at = clock_timestamp(), gateway_reference = replace(:intent, '_', '-') WHERE payment_intent_id = :intent AND status = 'created';
UPDATE idempotency_keys SET response_body = convert_to(repeat('x', 900), 'UTF8'), leased_until = NULL WHERE user_id = 'replayed-' || :client_id AND idempotency_key = 'key-' || :version AND payment_intent_id = :intent AND response_body IS NULL;
COMMIT;
\endif
SELECT payment_intent_id, provider, gateway_reference, status, amount_minor FROM payment_intents WHERE payment_intent_id = :intent;
SELECT trace_context FROM job_queue WHERE idempotency_key = 'verify_payment:' || :intent AND status IN ('pending', 'processing');
INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload) VALUES (:intent, 'esewa', 'return', 'accepted', 'data=' || repeat('x', 400));
UPDATE payment_intents SET last_asked_at = clock_timestamp() WHERE payment_intent_id = :intent AND last_asked_at IS NULL;
BEGIN;
INSERT INTO job_queue (job_type, payload, priority, run_at, max_attempts, idempotency_key) VALUES ('finalize_order', jsonb_build_object('payment_intent_id', :intent::text), 10, clock_timestamp(), 20, 'finalize_order:' || :intent) RETURNING id AS job \gset
SELECT payment_intent_id, provider, gateway_reference, status, amount_minor FROM payment_intents WHERE payment_intent_id = :intent FOR NO KEY UPDATE;
INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause, detail) VALUES (:intent, 'gateway_answered', 'paid', 'callback', '{"status": "COMPLETE", "ref_id": "0007G36"}');
INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES (:intent, 'esewa', 'transaction-' || :intent, 'completed', :amount::bigint, '{"status": "COMPLETE", "ref_id": "0007G36"}', 'callback');
SELECT count(*) FROM payment_gateway_verifications WHERE payment_intent_id = :intent;
WITH unpaid AS (SELECT greatest(pi.created_at, (SELECT max(e.created_at) FROM payment_intent_events e WHERE e.payment_intent_id = pi.payment_intent_id AND e.outcome IN ('undecided', 'unpaid', 'not_found'))) AS at FROM payment_intents pi WHERE pi.payment_intent_id = :intent), heard AS (SELECT min(c.created_at) AS at FROM payment_callbacks c WHERE c.payment_intent_id = :intent AND c.verdict <> 'invalid' AND c.created_at > (SELECT at FROM unpaid)) SELECT extract(epoch FROM clock_timestamp() - unpaid.at)::float8, extract(epoch FROM clock_timestamp() - heard.at)::float8, EXISTS (SELECT FROM payment_intent_events e WHERE e.payment_intent_id = :intent AND e.outcome = 'unknown' AND e.created_at > heard.at) FROM unpaid CROSS JOIN heard;
SELECT kind FROM review_cases WHERE payment_intent_id = :intent AND status = 'open';
UPDATE payment_intents SET status = 'verified', status_cause = 'the gateway answered: paid', updated_at = clock_timestamp() WHERE payment_intent_id = :intent;
COMMIT;
SELECT pi.payment_intent_id, pi.status, o.id, o.order_number, pi.updated_at FROM payment_intents pi LEFT JOIN orders o USING (payment_intent_id) WHERE pi.payment_intent_id = :intent;
UPDATE job_queue SET status = 'processing', locked_by = 'replay', lease_no = lease_no + 1, attempts = attempts + 1, updated_at = clock_timestamp(), locked_until = clock_timestamp() + interval '30 seconds' WHERE id = :job::bigint RETURNING lease_no AS lease \gset
