CREATE TABLE job_queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_type text NOT NULL
        CONSTRAINT job_type_is_1_to_100_characters CHECK (char_length(job_type) BETWEEN 1 AND 100),
    payload jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT payload_is_at_most_64_kib CHECK (pg_column_size(payload) <= 65536),
    priority integer NOT NULL DEFAULT 100,
    status text NOT NULL DEFAULT 'pending'
        CONSTRAINT job_status_is_known
        CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    attempts integer NOT NULL DEFAULT 0
        CONSTRAINT attempts_are_counted_from_0 CHECK (attempts >= 0),
    max_attempts integer NOT NULL DEFAULT 20
        CONSTRAINT a_job_may_be_tried_at_least_once CHECK (max_attempts >= 1),
    crash_count integer NOT NULL DEFAULT 0
        CONSTRAINT crashes_are_counted_from_0 CHECK (crash_count >= 0),
    run_at timestamptz NOT NULL DEFAULT now(),
    locked_by text,
    locked_until timestamptz,
    lease_no bigint NOT NULL DEFAULT 0
        CONSTRAINT leases_are_counted_from_0 CHECK (lease_no >= 0),
    last_error text,
    idempotency_key text
        CONSTRAINT job_idempotency_key_is_1_to_255_characters CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    trace_context jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    failed_at timestamptz,
    CONSTRAINT only_a_processing_job_is_held CHECK (
        CASE status WHEN 'processing' THEN num_nonnulls(locked_by, locked_until) = 2
                    ELSE num_nonnulls(locked_by, locked_until) = 0 END),
    CONSTRAINT a_completed_job_says_when CHECK ((status = 'completed') = (completed_at IS NOT NULL)),
    CONSTRAINT a_failed_job_says_when CHECK ((status = 'failed') = (failed_at IS NOT NULL))
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_insert_scale_factor = 0.05
);
-- Key order is claim order within a priority; rows not yet due end the scan, finished rows are not in it.
CREATE INDEX job_queue_pending ON job_queue (priority, run_at, id) WHERE status = 'pending';
-- locked_until is in no index and no predicate, so that a heartbeat is a heap-only update.
CREATE INDEX job_queue_processing ON job_queue (id) WHERE status = 'processing';
CREATE INDEX job_queue_failed ON job_queue (id) WHERE status = 'failed';
CREATE UNIQUE INDEX a_live_job_has_its_key_alone ON job_queue (idempotency_key)
    WHERE idempotency_key IS NOT NULL AND status IN ('pending', 'processing');
COMMENT ON TABLE job_queue IS 'Work owed. The only place where services meet. docs/job-queue.md tells its protocol.';
COMMENT ON COLUMN job_queue.id IS 'Grows with time.';
COMMENT ON COLUMN job_queue.job_type IS 'Which handler runs it; a type that no worker knows waits.';
COMMENT ON COLUMN job_queue.payload IS 'What the handler needs, at most 64 KiB.';
COMMENT ON COLUMN job_queue.priority IS 'Smaller runs first.';
COMMENT ON COLUMN job_queue.status IS 'pending, processing, completed, failed or cancelled.';
COMMENT ON COLUMN job_queue.attempts IS 'Counted when claimed; a snooze or an unstarted return gives it back.';
COMMENT ON COLUMN job_queue.max_attempts IS 'After so many attempts a retry becomes failed.';
COMMENT ON COLUMN job_queue.crash_count IS 'Leases that ran out on it; the third one quarantines it.';
COMMENT ON COLUMN job_queue.run_at IS 'When it is due.';
COMMENT ON COLUMN job_queue.locked_by IS 'The worker process that holds it; a name used by one process only.';
COMMENT ON COLUMN job_queue.locked_until IS 'When the lease runs out unless the holder extends it.';
COMMENT ON COLUMN job_queue.lease_no IS 'The fence: grows with every claim; late writes of earlier leases are refused.';
COMMENT ON COLUMN job_queue.last_error IS 'What went wrong last.';
COMMENT ON COLUMN job_queue.idempotency_key IS 'Two live jobs with one key are one job.';
COMMENT ON COLUMN job_queue.trace_context IS 'W3C trace context of whoever enqueued it.';
COMMENT ON COLUMN job_queue.created_at IS 'When it was enqueued.';
COMMENT ON COLUMN job_queue.updated_at IS 'When its status last changed.';
COMMENT ON COLUMN job_queue.completed_at IS 'When it completed.';
COMMENT ON COLUMN job_queue.failed_at IS 'When it was given up.';

CREATE FUNCTION requeue_stale_jobs() RETURNS TABLE (id bigint, job_type text, status text)
LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH expired AS MATERIALIZED (
        SELECT j.id FROM job_queue j
         WHERE j.status = 'processing' AND j.locked_until < clock_timestamp()
         ORDER BY j.id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
    ), rescued AS (
        UPDATE job_queue j
           SET status = CASE WHEN j.crash_count + 1 >= 3 OR j.attempts >= j.max_attempts THEN 'failed' ELSE 'pending' END,
               failed_at = CASE WHEN j.crash_count + 1 >= 3 OR j.attempts >= j.max_attempts THEN clock_timestamp() END,
               crash_count = j.crash_count + 1,
               run_at = clock_timestamp(),
               locked_by = NULL, locked_until = NULL, updated_at = clock_timestamp(),
               last_error = format('lease %s of %s ran out at %s (crash %s)',
                                   j.lease_no, j.locked_by, j.locked_until, j.crash_count + 1)
         WHERE j.id = ANY (ARRAY(SELECT e.id FROM expired e))
        RETURNING j.id, j.job_type, j.status, j.last_error, j.payload ->> 'payment_intent_id' AS payment_intent_id
    ), opened AS (
        INSERT INTO review_cases (payment_intent_id, kind, detail)
        SELECT pi.payment_intent_id, 'job_failed',
               jsonb_agg(jsonb_build_object('kind', 'job_failed', 'job_id', r.id, 'job_type', r.job_type,
                                            'error', r.last_error, 'at', clock_timestamp()))
          FROM rescued r JOIN payment_intents pi ON pi.payment_intent_id = r.payment_intent_id
         WHERE r.status = 'failed'
         GROUP BY pi.payment_intent_id
        ON CONFLICT (payment_intent_id) WHERE status = 'open'
            DO UPDATE SET detail = review_cases.detail || excluded.detail
    )
    SELECT r.id, r.job_type, r.status FROM rescued r ORDER BY r.id
$$;
REVOKE ALL ON FUNCTION requeue_stale_jobs() FROM PUBLIC;
COMMENT ON FUNCTION requeue_stale_jobs() IS
    'Rescues at most 1000 jobs whose lease ran out: due at once, or failed with a review case after the third crash or the last attempt.';
