/// A breach of one promise, and the row that the view must show.
pub(crate) struct Case {
    pub(crate) invariant: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) breach: &'static str,
}

const fn case(invariant: &'static str, subject: &'static str, breach: &'static str) -> Case {
    Case { invariant, subject, breach }
}

const OPEN: &str = "pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa";
const ORDERED: &str = "pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb";

pub(crate) const CASES: &[Case] = &[
    case(
        "verified_payment_has_an_outcome",
        OPEN,
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source, created_at) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'T1', 'completed', 50000, '{}', 'callback', now() - interval '61 seconds')",
    ),
    case(
        "order_is_not_also_refunded",
        ORDERED,
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 60000, 'succeeded', 'r', 'x', now())",
    ),
    case(
        "order_amount_is_the_verified_amount",
        ORDERED,
        "ALTER TABLE payment_gateway_verifications DISABLE TRIGGER USER; \
         UPDATE payment_gateway_verifications SET amount_minor = 1 WHERE payment_intent_id = 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb'",
    ),
    case(
        "order_total_is_the_sum_of_its_lines",
        ORDERED,
        "ALTER TABLE orders DISABLE TRIGGER USER; \
         ALTER TABLE payment_intents DISABLE TRIGGER USER; \
         ALTER TABLE payment_gateway_verifications DISABLE TRIGGER USER; \
         UPDATE orders SET subtotal_minor = 59999, total_minor = 59999; \
         UPDATE payment_intents SET subtotal_minor = 59999, amount_minor = 59999 WHERE payment_intent_id = 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb'; \
         UPDATE payment_gateway_verifications SET amount_minor = 59999",
    ),
    case(
        "refunds_never_exceed_what_was_paid",
        OPEN,
        "UPDATE payment_intents SET refunded_minor = 1 WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    case(
        "gateway_transaction_is_used_once",
        ORDERED,
        "ALTER TABLE payment_gateway_verifications DROP CONSTRAINT a_gateway_transaction_is_used_once; \
         INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 'esewa', '0007G36', 'completed', 60000, '{}', 'callback')",
    ),
    case(
        "unknown_is_not_failed",
        OPEN,
        "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'gateway_answered', 'undecided', 'x'); \
         UPDATE payment_intents SET status = 'failed', reservation = 'released', status_cause = 'guess', updated_at = clock_timestamp() WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'; \
         UPDATE inventory SET available = 10, reserved = 0 WHERE variant_id = 'tea'; \
         INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id) VALUES ('tea', 2, -2, 0, 'released', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa')",
    ),
    case(
        "stock_is_never_negative",
        "tin",
        "ALTER TABLE inventory DROP CONSTRAINT sold_stock_is_never_negative; \
         UPDATE inventory SET sold = sold - 2 WHERE variant_id = 'tin'; \
         INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason) VALUES ('tin', 0, 0, -2, 'x')",
    ),
    case(
        "movements_reproduce_stock",
        "tea",
        "UPDATE inventory SET available = available + 1 WHERE variant_id = 'tea'",
    ),
    case(
        "movements_follow_the_reservation",
        OPEN,
        "UPDATE inventory SET available = 9, reserved = 1 WHERE variant_id = 'tea'; \
         INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id) VALUES ('tea', 1, -1, 0, 'x', 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa')",
    ),
    case(
        "reservation_ends_with_its_intent",
        OPEN,
        "UPDATE payment_intents SET expires_at = now() - interval '61 seconds' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    case(
        "order_has_items",
        ORDERED,
        "ALTER TABLE order_items DISABLE TRIGGER USER; \
         ALTER TABLE orders DISABLE TRIGGER USER; \
         ALTER TABLE payment_intent_items DISABLE TRIGGER USER; \
         ALTER TABLE orders DROP CONSTRAINT order_total_is_positive; \
         ALTER TABLE payment_intents DISABLE TRIGGER USER; \
         ALTER TABLE payment_intents DROP CONSTRAINT intent_amount_is_positive; \
         ALTER TABLE payment_gateway_verifications DISABLE TRIGGER USER; \
         DELETE FROM order_items; \
         DELETE FROM payment_intent_items WHERE payment_intent_id = 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb'; \
         UPDATE orders SET subtotal_minor = 0, total_minor = 0; \
         UPDATE payment_intents SET subtotal_minor = 0, amount_minor = 0 WHERE payment_intent_id = 'pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb'; \
         UPDATE payment_gateway_verifications SET amount_minor = 0",
    ),
    case(
        "order_lines_are_the_snapshot",
        ORDERED,
        "ALTER TABLE order_items DISABLE TRIGGER USER; \
         UPDATE order_items SET product_name = 'other'",
    ),
    case("bought_cart_moves_to_its_next_round", ORDERED, "UPDATE carts SET round = 1"),
    case(
        "cart_has_one_open_intent",
        OPEN,
        "DROP INDEX a_cart_has_one_open_intent; \
         INSERT INTO payment_intents (payment_intent_id, user_id, cart_id, cart_version, cart_round, provider, gateway_reference, status, status_cause, reservation, subtotal_minor, amount_minor, shipping_address, expires_at) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'sita', '00000000-0000-4000-8000-000000000001', 2, 2, 'esewa', 'c', 'awaiting_payment', 'made', 'held', 100, 100, '{}', now() + interval '1 hour')",
    ),
    case(
        "order_intent_and_cart_have_one_owner",
        ORDERED,
        "ALTER TABLE orders DISABLE TRIGGER USER; \
         UPDATE orders SET user_id = 'hari'",
    ),
    case(
        "completed_intent_has_its_order",
        ORDERED,
        "ALTER TABLE order_items DISABLE TRIGGER USER; \
         ALTER TABLE orders DISABLE TRIGGER USER; \
         INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 'reversed', '[]'); \
         DELETE FROM order_items; \
         DELETE FROM orders",
    ),
    case(
        "open_question_has_a_job",
        OPEN,
        "DELETE FROM job_queue; \
         UPDATE payment_intents SET created_at = now() - interval '61 seconds', updated_at = now() - interval '61 seconds' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    case(
        "verified_payment_has_a_job",
        OPEN,
        "UPDATE payment_intents SET status = 'verified', status_cause = 'paid', updated_at = now() - interval '61 seconds' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    case("attempts_are_bounded", "1", "UPDATE job_queue SET attempts = 21"),
    case("failed_money_job_has_a_case", "1", "UPDATE job_queue SET status = 'failed', failed_at = now()"),
    case(
        "lease_is_rescued_in_time",
        "1",
        "UPDATE job_queue SET status = 'processing', locked_by = 'x', locked_until = now() - interval '61 seconds'",
    ),
    case(
        "status_is_the_fold_of_its_events",
        OPEN,
        "ALTER TABLE payment_intents DISABLE TRIGGER USER; \
         UPDATE payment_intents SET status = 'verified' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
];
