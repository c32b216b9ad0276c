//! Breaches of what is promised about work that is owed, about jobs and about history.

use crate::cases::{Case, OPEN, case};

pub(crate) const CASES: &[Case] = &[
    case(
        "open_question_has_a_job",
        OPEN,
        "DELETE FROM job_queue;
         UPDATE payment_intents SET created_at = now() - interval '61 seconds', updated_at = now() - interval '61 seconds'
          WHERE payment_intent_id = '{open}'",
    ),
    case(
        "question_ends_in_time",
        OPEN,
        "UPDATE payment_intents SET created_at = now() - interval '33 days', updated_at = now() - interval '10 days'
          WHERE payment_intent_id = '{open}'",
    ),
    case(
        "verified_payment_has_a_job",
        OPEN,
        "{pay_open}
         UPDATE payment_intents SET status = 'verified', status_cause = 'paid', updated_at = now() - interval '61 seconds'
          WHERE payment_intent_id = '{open}'",
    ),
    case(
        "verified_payment_is_settled_in_time",
        OPEN,
        "{pay_open}
         UPDATE payment_intents SET status = 'verified', status_cause = 'paid', updated_at = now() - interval '61 minutes'
          WHERE payment_intent_id = '{open}';
         INSERT INTO job_queue (job_type, idempotency_key) VALUES ('finalize_order', 'finalize_order:{open}')",
    ),
    case("attempts_are_bounded", "1", "UPDATE job_queue SET attempts = 21"),
    case("failed_money_job_has_a_case", "1", "UPDATE job_queue SET status = 'failed', failed_at = now()"),
    case(
        "lease_is_rescued_in_time",
        "1",
        "UPDATE job_queue SET status = 'processing', locked_by = 'x', locked_until = now() - interval '61 seconds'",
    ),
    case(
        "only_a_processing_job_is_held",
        "1",
        "ALTER TABLE job_queue DROP CONSTRAINT only_a_processing_job_is_held; UPDATE job_queue SET locked_by = 'x'",
    ),
    case(
        "live_job_has_its_key_alone",
        "1",
        "DROP INDEX a_live_job_has_its_key_alone;
         INSERT INTO job_queue (job_type, idempotency_key) VALUES ('verify_payment', 'verify_payment:{open}')",
    ),
    case(
        "status_is_the_fold_of_its_events",
        OPEN,
        "{pay_open} {unguard} UPDATE payment_intents SET status = 'verified' WHERE payment_intent_id = '{open}'",
    ),
    case(
        "history_follows_the_status_table",
        OPEN,
        "INSERT INTO payment_intent_events (payment_intent_id, kind, from_status, to_status, cause)
         VALUES ('{open}', 'status_changed', 'completed', 'awaiting_payment', 'x')",
    ),
    case(
        "history_follows_the_status_table",
        OPEN,
        "INSERT INTO payment_intent_events (payment_intent_id, kind, from_status, to_status, cause)
         VALUES ('{open}', 'status_changed', 'awaiting_payment', 'created', 'x'),
                ('{open}', 'status_changed', 'created', 'awaiting_payment', 'x')",
    ),
];
