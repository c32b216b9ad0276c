//! Breaches of what is promised about money: payments, refunds, review cases.

use crate::cases::{Case, OPEN, ORDERED, case};

pub(crate) const CASES: &[Case] = &[
    case(
        "verified_payment_has_an_outcome",
        OPEN,
        "{pay_open}
         UPDATE payment_gateway_verifications SET created_at = now() - interval '61 seconds' WHERE payment_intent_id = '{open}';
         UPDATE payment_intents SET status = 'verified', status_cause = 'paid' WHERE payment_intent_id = '{open}'",
    ),
    case(
        "verified_intent_has_a_verification",
        OPEN,
        "UPDATE payment_intents SET status = 'verified', status_cause = 'paid' WHERE payment_intent_id = '{open}'",
    ),
    case("verified_payment_stays_verified", OPEN, "{pay_open}"),
    case(
        "verification_is_the_gateways_answer",
        ORDERED,
        "{unguard} DELETE FROM payment_intent_events WHERE kind = 'gateway_answered'",
    ),
    case(
        "gateway_transaction_is_used_once",
        ORDERED,
        "ALTER TABLE payment_gateway_verifications DROP CONSTRAINT a_gateway_transaction_is_used_once;
         INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source)
         VALUES ('{ordered}', 'esewa', '0007G36', 'completed', 60000, '{}', 'callback')",
    ),
    case(
        "gateway_reference_belongs_to_one_intent",
        OPEN,
        "{unguard} ALTER TABLE payment_intents DROP CONSTRAINT a_gateway_reference_belongs_to_one_intent;
         UPDATE payment_intents SET gateway_reference = 'pi-esewa-b' WHERE payment_intent_id = '{open}'",
    ),
    case(
        "intent_amount_is_the_sum_of_its_lines",
        OPEN,
        "{unguard} UPDATE payment_intents SET subtotal_minor = 49999, amount_minor = 49999 WHERE payment_intent_id = '{open}'",
    ),
    case(
        "order_amount_is_the_verified_amount",
        ORDERED,
        "{unguard} UPDATE payment_gateway_verifications SET amount_minor = 1 WHERE payment_intent_id = '{ordered}'",
    ),
    case(
        "order_total_is_the_sum_of_its_lines",
        ORDERED,
        "{unguard} ALTER TABLE order_items DROP CONSTRAINT line_total_is_quantity_times_price;
         UPDATE order_items SET line_total_minor = 59999",
    ),
    case(
        "unknown_is_not_failed",
        OPEN,
        "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause) VALUES ('{open}', 'gateway_answered', 'undecided', 'x');
         UPDATE payment_intents SET status = 'failed', reservation = 'released', status_cause = 'guess', updated_at = clock_timestamp()
          WHERE payment_intent_id = '{open}';
         {release_open}",
    ),
    case(
        "unknown_keeps_its_question",
        OPEN,
        "INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause) VALUES ('{open}', 'gateway_answered', 'unknown', 'x');
         UPDATE payment_intents SET question_closed_at = now() WHERE payment_intent_id = '{open}'",
    ),
    case(
        "order_is_not_also_refunded",
        ORDERED,
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at)
         VALUES ('{ordered}', 60000, 'succeeded', 'r', 'x', now())",
    ),
    case("order_is_refunded_with_its_intent", ORDERED, "UPDATE orders SET status = 'refunded'"),
    case(
        "refunds_never_exceed_what_was_paid",
        OPEN,
        "UPDATE payment_intents SET refunded_minor = 1 WHERE payment_intent_id = '{open}'",
    ),
    case(
        "refund_is_requested_once",
        ORDERED,
        "ALTER TABLE refunds DROP CONSTRAINT a_refund_is_requested_once;
         INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at)
         VALUES ('{ordered}', 60000, 'failed', 'r', 'x', now()), ('{ordered}', 60000, 'failed', 'r', 'x', now())",
    ),
    case(
        "refund_is_requested_once",
        ORDERED,
        "DROP INDEX an_intent_has_one_refund_under_way; {refund_ordered}
         INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('{ordered}', 30000, 'requested', 's', 'x')",
    ),
    case(
        "refunding_intent_has_its_refund",
        ORDERED,
        "UPDATE payment_intents SET status = 'refunding', status_cause = 'x' WHERE payment_intent_id = '{ordered}'",
    ),
    case(
        "refunding_intent_has_its_refund",
        ORDERED,
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('{ordered}', 60000, 'requested', 'r', 'x')",
    ),
    case(
        "refunded_intent_has_its_refund",
        ORDERED,
        "UPDATE payment_intents SET status = 'refunded', status_cause = 'x' WHERE payment_intent_id = '{ordered}';
         UPDATE orders SET status = 'refunded'",
    ),
    case(
        "refunded_payment_refunds_its_intent",
        ORDERED,
        "UPDATE payment_gateway_verifications SET status = 'refunded' WHERE payment_intent_id = '{ordered}'",
    ),
    case(
        "refund_under_way_has_a_job",
        ORDERED,
        "{refund_ordered} UPDATE refunds SET created_at = now() - interval '61 seconds'",
    ),
    case(
        "refund_settles_or_has_a_case",
        ORDERED,
        "{refund_ordered} UPDATE refunds SET created_at = now() - interval '27 hours', sent_at = now() - interval '27 hours';
         INSERT INTO job_queue (job_type, idempotency_key) VALUES ('refund_payment', 'refund_payment:{ordered}')",
    ),
    case(
        "intent_under_review_has_an_open_case",
        OPEN,
        "UPDATE payment_intents SET status = 'under_review', reservation = 'released', status_cause = 'x' WHERE payment_intent_id = '{open}';
         {release_open}",
    ),
    case(
        "intent_has_one_open_case",
        ORDERED,
        "DROP INDEX an_intent_has_one_open_case;
         INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ('{ordered}', 'reversed', '[]'), ('{ordered}', 'reversed', '[]')",
    ),
];
