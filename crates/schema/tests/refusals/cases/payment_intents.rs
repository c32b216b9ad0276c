use super::Case;

pub(super) const CASES: &[Case] = &[
    (
        "payment_intent_id_names_its_provider",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'khalti', 'r', 'awaiting_payment', 'made', 'held', 100, 100, '{}', now())",
    ),
    (
        "payment_intent_id_names_its_provider",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_short', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', 100, 100, '{}', now())",
    ),
    (
        "an_intent_is_of_a_cart",
        "INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', gen_random_uuid(), 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', 100, 100, '{}', now())",
    ),
    (
        "provider_is_known",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_paypal_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'paypal', 'r', 'awaiting_payment', 'made', 'held', 100, 100, '{}', now())",
    ),
    (
        "gateway_reference_is_1_to_255_characters",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', '', 'awaiting_payment', 'made', 'held', 100, 100, '{}', now())",
    ),
    (
        "a_gateway_reference_belongs_to_one_intent",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'pi-esewa-a', 'awaiting_payment', 'made', 'held', 100, 100, '{}', now())",
    ),
    (
        "only_an_unstarted_payment_has_no_gateway_reference",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', NULL, 'awaiting_payment', 'made', 'held', 100, 100, '{}', now())",
    ),
    (
        "payment_intent_status_is_known",
        "UPDATE payment_intents SET status = 'paid', reservation = 'released' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (
        "a_status_says_its_cause",
        "UPDATE payment_intents SET status_cause = '' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (
        "reservation_is_known",
        "UPDATE payment_intents SET reservation = 'lost', status = 'failed' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (
        "status_and_reservation_go_together",
        "UPDATE payment_intents SET status = 'expired' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (
        "status_and_reservation_go_together",
        "UPDATE payment_intents SET reservation = 'released' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (
        "status_and_reservation_go_together",
        "UPDATE payment_intents SET reservation = 'released' WHERE payment_intent_id = 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb'",
    ),
    (
        "intent_subtotal_is_never_negative",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at, shipping_minor) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', -1, 100, '{}', now(), 101)",
    ),
    (
        "intent_discount_is_never_negative",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at, discount_minor) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', 100, 101, '{}', now(), -1)",
    ),
    (
        "intent_shipping_is_never_negative",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at, shipping_minor) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', 100, 99, '{}', now(), -1)",
    ),
    (
        "intent_tax_is_never_negative",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at, tax_minor) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', 100, 99, '{}', now(), -1)",
    ),
    (
        "intent_amount_is_positive",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', 0, 0, '{}', now())",
    ),
    (
        "intent_amount_is_the_sum_of_its_parts",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', 100, 99, '{}', now())",
    ),
    (
        "intent_currency_is_npr",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at, currency) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', 100, 100, '{}', now(), 'USD')",
    ),
    (
        "not_found_answers_are_counted_from_0",
        "UPDATE payment_intents SET not_found_answers = -1 WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (
        "a_cart_has_one_open_intent",
        "INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000001', 1, 1, 'esewa', 'r', 'awaiting_payment', 'made', 'held', 100, 100, '{}', now())",
    ),
    (
        "payment_intent_follows_the_status_table",
        "UPDATE payment_intents SET status = 'refunding', reservation = 'released' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (
        "payment_intent_follows_the_status_table",
        "UPDATE payment_intents SET status = 'verified', reservation = 'released' WHERE payment_intent_id = 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb'",
    ),
    (
        "payment_intent_follows_the_status_table",
        "INSERT INTO carts (cart_id, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'hari'); INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'hari', '00000000-0000-4000-8000-000000000002', 1, 1, 'esewa', 'r', 'verified', 'made', 'held', 100, 100, '{}', now())",
    ),
    (
        "payment_intent_snapshot_is_immutable",
        "UPDATE payment_intents SET subtotal_minor = 1, amount_minor = 1 WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (
        "payment_intent_snapshot_is_immutable",
        "UPDATE payment_intents SET gateway_reference = 'other' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (
        "a_snapshot_line_is_of_an_intent",
        "INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'tin', 'ilam', 'x', 'x', 1, 1)",
    ),
    (
        "a_snapshot_line_is_of_a_variant",
        "INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'nothing', 'ilam', 'x', 'x', 1, 1)",
    ),
    (
        "a_snapshot_line_has_a_vendor",
        "INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'tin', 'nobody', 'x', 'x', 1, 1)",
    ),
    (
        "snapshot_quantity_is_1_to_999",
        "INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'tin', 'ilam', 'x', 'x', 0, 1)",
    ),
    (
        "snapshot_price_is_never_negative",
        "INSERT INTO payment_intent_items (payment_intent_id, variant_id, vendor_id, product_name, sku, quantity, unit_price_minor) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'tin', 'ilam', 'x', 'x', 1, -1)",
    ),
    ("payment_intent_items_are_immutable", "UPDATE payment_intent_items SET quantity = 1"),
    ("payment_intent_items_are_immutable", "DELETE FROM payment_intent_items"),
    (
        "an_event_is_of_an_intent",
        "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'gateway_answered', 'paid', 'x')",
    ),
    (
        "event_kind_is_known",
        "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'thought', NULL, 'x')",
    ),
    (
        "outcome_is_known",
        "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'gateway_answered', 'perhaps', 'x')",
    ),
    (
        "an_event_is_a_move_or_an_answer",
        "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause, to_status) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'gateway_answered', 'paid', 'x', 'verified')",
    ),
    ("payment_intent_events_are_append_only", "UPDATE payment_intent_events SET cause = 'other'"),
    ("payment_intent_events_are_append_only", "DELETE FROM payment_intent_events"),
    ("payment_intent_events_are_append_only", "TRUNCATE payment_intent_events"),
    (
        "an_idempotency_key_is_of_an_intent",
        "INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, payment_intent_id) VALUES ('sita', 'k', sha256('x'), 'pi_esewa_cccccccccccccccccccccccccc')",
    ),
    (
        "a_user_uses_an_idempotency_key_once",
        "INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, payment_intent_id) SELECT 'sita', 'k', sha256('x'), 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa' FROM generate_series(1, 2)",
    ),
    (
        "idempotency_key_is_1_to_255_visible_ascii",
        "INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, payment_intent_id) VALUES ('sita', 'a b', sha256('x'), 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa')",
    ),
    (
        "request_digest_is_sha256",
        "INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, payment_intent_id) VALUES ('sita', 'k', 'x', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa')",
    ),
    (
        "an_answered_request_holds_no_lease",
        "INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, payment_intent_id, response_body, leased_until) VALUES ('sita', 'k', sha256('x'), 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'x', now())",
    ),
];
