-- Jobs {from} to {to} of a type that no worker knows: finished ones, one in fifty of them failed for one of many reasons.
INSERT INTO job_queue (job_type, payload, priority, status, attempts, crash_count, run_at, last_error, idempotency_key,
       created_at, updated_at, completed_at, failed_at)
SELECT 'filled', jsonb_build_object('number', n), 200, CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'completed' END, 1 + n % 5, n % 3,
       at, CASE WHEN n % 50 = 0 THEN format(
           (ARRAY['connection to 10.0.0.%s refused', E'the answer %s is no JSON\nat line 1', 'timed out after %s ms',
                  'lease %s of worker-7f3a ran out'])[1 + (n / 50) % 4], n) END,
       'filled:' || n, at, at, CASE WHEN n % 50 <> 0 THEN at END, CASE WHEN n % 50 = 0 THEN at END
  FROM generate_series({from}::bigint, {to}::bigint) AS n,
       LATERAL (SELECT now() - (1 - n::float8 / {total}) * interval '30 days' AS at) AS moment
