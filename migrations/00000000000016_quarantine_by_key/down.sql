CREATE OR REPLACE FUNCTION requeue_stale_jobs() RETURNS TABLE (id bigint, job_type text, status text)
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
