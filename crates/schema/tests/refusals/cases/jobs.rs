use super::Case;

pub(super) const CASES: &[Case] = &[
    ("job_type_is_1_to_100_characters", "INSERT INTO job_queue (job_type) VALUES ('')"),
    (
        "payload_is_at_most_64_kib",
        "INSERT INTO job_queue (job_type, payload) SELECT 'x', jsonb_agg(gen_random_uuid()) FROM generate_series(1, 3000)",
    ),
    ("job_status_is_known", "UPDATE job_queue SET status = 'stuck'"),
    ("attempts_are_counted_from_0", "UPDATE job_queue SET attempts = -1"),
    ("a_job_may_be_tried_at_least_once", "UPDATE job_queue SET max_attempts = 0"),
    ("crashes_are_counted_from_0", "UPDATE job_queue SET crash_count = -1"),
    ("leases_are_counted_from_0", "UPDATE job_queue SET lease_no = -1"),
    ("job_idempotency_key_is_1_to_255_characters", "UPDATE job_queue SET idempotency_key = ''"),
    ("only_a_processing_job_is_held", "UPDATE job_queue SET status = 'processing'"),
    ("only_a_processing_job_is_held", "UPDATE job_queue SET locked_by = 'x', locked_until = now()"),
    ("a_completed_job_says_when", "UPDATE job_queue SET status = 'completed'"),
    ("a_failed_job_says_when", "UPDATE job_queue SET status = 'failed'"),
    (
        "a_live_job_has_its_key_alone",
        "INSERT INTO job_queue (job_type, idempotency_key) VALUES ('x', 'verify_payment:' || 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa')",
    ),
    (
        "an_action_has_a_reason",
        "INSERT INTO admin_audit_log (operator, action, subject, reason) VALUES ('x', 'x', 'x', ' ')",
    ),
    ("admin_audit_log_is_append_only", "UPDATE admin_audit_log SET operator = 'other'"),
    ("admin_audit_log_is_append_only", "DELETE FROM admin_audit_log"),
    ("admin_audit_log_is_append_only", "TRUNCATE admin_audit_log"),
    ("schema_compatibility_has_one_row", "INSERT INTO schema_compatibility VALUES (false, 'x')"),
    (
        "subject_kind_is_known",
        "INSERT INTO invariant_check_results (invariant, subject_kind, subject, detail) VALUES ('x', 'cart', 'x', 'x')",
    ),
    (
        "invariant_check_progress_has_one_row",
        "INSERT INTO invariant_check_progress (is_the_only_row) VALUES (false)",
    ),
    ("round_subject_kind_is_known", "UPDATE invariant_check_progress SET round_subject_kind = 'cart'"),
    (
        "cursor_source_is_known",
        "INSERT INTO invariant_check_cursors (source, seen_id, settled_id, settling_id) VALUES ('carts', 0, 0, 0)",
    ),
    ("a_cursor_settles_what_it_has_seen", "UPDATE invariant_check_cursors SET settled_id = settling_id + 1"),
    (
        "a_checkpoint_is_of_counted_stock",
        "INSERT INTO stock_checkpoints (variant_id, movement_id, available, reserved, sold, is_behind) VALUES ('none', 0, 0, 0, 0, false)",
    ),
];
