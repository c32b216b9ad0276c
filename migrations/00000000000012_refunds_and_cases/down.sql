REVOKE SELECT (raw_payload) ON payment_callbacks FROM admin_console;
REVOKE UPDATE (status, attempts, crash_count, run_at, locked_by, locked_until, last_error, updated_at, completed_at, failed_at)
    ON job_queue FROM admin_console;
REVOKE UPDATE (detail, status, resolution, resolved_by, resolution_reason, resolved_at) ON review_cases FROM admin_console;
REVOKE UPDATE (status, settled_at) ON refunds FROM admin_console;
REVOKE INSERT ON refunds, review_cases, job_queue FROM admin_console;
REVOKE UPDATE (status) ON orders FROM admin_console;
REVOKE INSERT ON inventory_movements FROM admin_console;
REVOKE UPDATE (available, reserved, version) ON inventory FROM admin_console;
REVOKE INSERT ON payment_intent_events FROM admin_console;
REVOKE UPDATE (status, status_cause, reservation, refunded_minor, updated_at) ON payment_intents FROM admin_console;
REVOKE SELECT (cart_id, round) ON carts FROM admin_console;
REVOKE SELECT ON refunds FROM stale_job_reaper;
REVOKE UPDATE (sent_at, gateway_reply) ON refunds FROM order_worker;

DROP INDEX review_cases_open;

-- Lookups of refunds are told as questions; the word for them goes.
ALTER TABLE payment_gateway_verifications DISABLE TRIGGER USER;
UPDATE payment_gateway_verifications SET source = 'scheduled_question' WHERE source = 'refund_lookup';
ALTER TABLE payment_gateway_verifications ENABLE TRIGGER USER;
ALTER TABLE payment_gateway_verifications
    DROP CONSTRAINT verification_source_is_known,
    ADD CONSTRAINT verification_source_is_known CHECK (source IN ('callback', 'scheduled_question', 'operator'));

ALTER TABLE payment_intents DROP CONSTRAINT a_payment_going_back_becomes_no_order;

DROP TRIGGER a_settled_refund_never_changes ON refunds;
DROP TRIGGER a_refund_is_sent_once ON refunds;
DROP INDEX an_intent_has_one_refund_under_way;
ALTER TABLE refunds
    DROP CONSTRAINT a_portal_reference_is_recorded_once,
    DROP CONSTRAINT portal_reference_is_1_to_255_characters,
    DROP CONSTRAINT a_refund_by_hand_names_its_operator,
    DROP CONSTRAINT a_refund_by_hand_is_never_sent,
    DROP COLUMN gateway_reply,
    DROP COLUMN sent_at;
