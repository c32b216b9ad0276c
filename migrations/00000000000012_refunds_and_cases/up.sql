-- A refund leaves for the gateway at most once: the moment is committed before the call and never changes.
ALTER TABLE refunds
    ADD COLUMN sent_at timestamptz,
    ADD COLUMN gateway_reply text
        CONSTRAINT gateway_reply_is_at_most_1000_characters CHECK (char_length(gateway_reply) <= 1000),
    ADD CONSTRAINT a_refund_by_hand_is_never_sent CHECK (portal_reference IS NULL OR sent_at IS NULL),
    ADD CONSTRAINT a_refund_by_hand_names_its_operator CHECK (portal_reference IS NULL OR requested_by IS NOT NULL),
    ADD CONSTRAINT portal_reference_is_1_to_255_characters CHECK (char_length(portal_reference) BETWEEN 1 AND 255),
    ADD CONSTRAINT a_portal_reference_is_recorded_once UNIQUE (portal_reference);
CREATE UNIQUE INDEX an_intent_has_one_refund_under_way ON refunds (payment_intent_id) WHERE status = 'requested';
COMMENT ON COLUMN refunds.sent_at IS
    'When the gateway was asked, committed before it was; from then on the refund is only looked up.';
COMMENT ON COLUMN refunds.gateway_reply IS 'What the gateway replied to the one call; proves nothing, a lookup does.';

CREATE TRIGGER a_refund_is_sent_once
    BEFORE UPDATE ON refunds
    FOR EACH ROW WHEN (OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at)
    EXECUTE FUNCTION refuse_change('a_refund_is_sent_once');
CREATE TRIGGER a_settled_refund_never_changes
    BEFORE UPDATE ON refunds
    FOR EACH ROW WHEN (
        OLD.status <> 'requested'
        OR (OLD.payment_intent_id, OLD.amount_minor, OLD.idempotency_key, OLD.cause, OLD.portal_reference, OLD.requested_by)
           IS DISTINCT FROM
           (NEW.payment_intent_id, NEW.amount_minor, NEW.idempotency_key, NEW.cause, NEW.portal_reference, NEW.requested_by))
    EXECUTE FUNCTION refuse_change('a_settled_refund_never_changes');

-- Whatever goes back, no order is made of it.
ALTER TABLE payment_intents
    ADD CONSTRAINT a_payment_going_back_becomes_no_order CHECK (status <> 'verified' OR refunded_minor = 0);

ALTER TABLE payment_gateway_verifications
    DROP CONSTRAINT verification_source_is_known,
    ADD CONSTRAINT verification_source_is_known
        CHECK (source IN ('callback', 'scheduled_question', 'refund_lookup', 'operator'));

-- Lists of cases go on where the last page ended.
CREATE INDEX review_cases_open ON review_cases (id) WHERE status = 'open';

-- order_worker: sends refunds.
GRANT UPDATE (sent_at, gateway_reply) ON refunds TO order_worker;
-- stale_job_reaper: owes the job of a refund that has none.
GRANT SELECT ON refunds TO stale_job_reaper;

-- admin_console: resolves cases. It never makes an order, for that copies the address: it holds the stock again and
-- owes the order to the worker.
GRANT SELECT (cart_id, round) ON carts TO admin_console;
GRANT UPDATE (status, status_cause, reservation, refunded_minor, updated_at) ON payment_intents TO admin_console;
GRANT INSERT ON payment_intent_events TO admin_console;
GRANT UPDATE (available, reserved, version) ON inventory TO admin_console;
GRANT INSERT ON inventory_movements TO admin_console;
GRANT UPDATE (status) ON orders TO admin_console;
GRANT INSERT ON refunds, review_cases, job_queue TO admin_console;
GRANT UPDATE (status, settled_at) ON refunds TO admin_console;
GRANT UPDATE (detail, status, resolution, resolved_by, resolution_reason, resolved_at) ON review_cases TO admin_console;
-- Retry, cancel and rescue by hand; the same columns that requeue_stale_jobs() writes for its caller.
GRANT UPDATE (status, attempts, crash_count, run_at, locked_by, locked_until, last_error, updated_at, completed_at, failed_at)
    ON job_queue TO admin_console;
-- A story shows callbacks as received; what is personal in them is masked before anyone sees it.
GRANT SELECT (raw_payload) ON payment_callbacks TO admin_console;
