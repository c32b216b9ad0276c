-- The login that KEDA asks with: how old and how many the due jobs are, and nothing else. Run once, as the schema's owner or
-- a superuser, after the first migration: psql -v password=… -f login.sql
CREATE ROLE order_worker_scaling LOGIN CONNECTION LIMIT 4 PASSWORD :'password';
ALTER ROLE order_worker_scaling SET default_transaction_read_only = on;
ALTER ROLE order_worker_scaling SET statement_timeout = '2s';
GRANT SELECT (status, run_at, job_type) ON job_queue TO order_worker_scaling;
