-- One vendor, one product with two variants; a shopper with an order, and with a new round being paid.
INSERT INTO vendor_profiles (vendor_id, display_name) VALUES ('ilam', 'Ilam Tea Garden');
INSERT INTO products (product_id, vendor_id, name) VALUES ('tea', 'ilam', 'Orthodox tea');
INSERT INTO product_variants (variant_id, product_id, sku, title, unit_price_minor)
VALUES ('tea', 'tea', 'TEA-100', '100 g', 25000), ('tin', 'tea', 'TEA-TIN', 'tin', 60000);
INSERT INTO inventory (variant_id, available) VALUES ('tea', 10), ('tin', 5);
INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000001', 'sita');
INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor)
VALUES ('00000000-0000-4000-8000-000000000001', 'tea', 2, 25000);

-- …b: paid, an order.
INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status,
    status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at)
VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 'sita', '00000000-0000-4000-8000-000000000001', 1, 1, 'esewa',
    'pi-esewa-b', 'awaiting_payment', 'made', 'held', 60000, 60000, '{}', now() + interval '30 minutes');
INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor)
VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 'tin', 'ilam', 'Orthodox tea', 'tin', 'TEA-TIN', 1, 60000);
UPDATE inventory SET available = 4, sold = 1, version = 2 WHERE variant_id = 'tin';
INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
VALUES ('tin', -1, 1, 0, 'reserved', 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb'),
       ('tin', 0, -1, 1, 'settled', 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb');
INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause)
VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 'gateway_answered', 'paid', 'callback');
INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source)
VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 'esewa', '0007G36', 'completed', 60000, '{}', 'callback');
UPDATE payment_intents SET status = 'verified', status_cause = 'paid' WHERE payment_intent_id = 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb';
BEGIN;
INSERT INTO orders (id, order_number, payment_intent_id, user_id, cart_id, cart_round, subtotal_minor, total_minor, shipping_address)
VALUES ('00000000-0000-4000-8000-00000000000b', 'ORD-BBBBBBBBBB', 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 'sita',
    '00000000-0000-4000-8000-000000000001', 1, 60000, 60000, '{}');
INSERT INTO order_items (order_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor, line_total_minor)
VALUES ('00000000-0000-4000-8000-00000000000b', 'tin', 'ilam', 'Orthodox tea', 'tin', 'TEA-TIN', 1, 60000, 60000);
COMMIT;
UPDATE payment_intents SET status = 'completed', reservation = 'settled', status_cause = 'ordered', question_closed_at = now()
 WHERE payment_intent_id = 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb';
UPDATE carts SET round = 2, version = 2;

-- …a: open.
INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status,
    status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at)
VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'sita', '00000000-0000-4000-8000-000000000001', 2, 2, 'esewa',
    'pi-esewa-a', 'awaiting_payment', 'made', 'held', 50000, 50000, '{}', now() + interval '30 minutes');
INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, title, sku, quantity, unit_price_minor)
VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'tea', 'ilam', 'Orthodox tea', '100 g', 'TEA-100', 2, 25000);
UPDATE inventory SET available = 8, reserved = 2, version = 2 WHERE variant_id = 'tea';
INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
VALUES ('tea', -2, 2, 0, 'reserved', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa');
INSERT INTO job_queue (job_type, idempotency_key, payload)
VALUES ('verify_payment', 'verify_payment:pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', '{"payment_intent_id": "pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa"}');
INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, payment_intent_id)
VALUES ('sita', 'first', sha256('body'), 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa');
INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload)
VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 'esewa', 'return', 'accepted', 'data=…');
INSERT INTO admin_audit_log (operator, action, subject, reason) VALUES ('hari', 'retry', 'job 1', 'gateway is back');
INSERT INTO admin_grants (token_sha256, operator, role, granted_by, expires_at)
VALUES (sha256('token'), 'hari', 'operator', 'root, as postgres', now() + interval '8 hours');
