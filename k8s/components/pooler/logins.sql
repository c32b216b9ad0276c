-- What a service says once on each connection of its own (SET ROLE, time-outs), said for its login instead: behind a pooler
-- in transaction mode the next statement may run on a connection that has not heard it. Run as a superuser, for each login
-- that goes through the pooler.
ALTER ROLE stale_job_reaper_login SET role = 'stale_job_reaper';
ALTER ROLE admin_console_login SET role = 'admin_console';
ALTER ROLE stale_job_reaper_login SET statement_timeout = '10s';
ALTER ROLE admin_console_login SET statement_timeout = '10s';
ALTER ROLE stale_job_reaper_login SET lock_timeout = '3s';
ALTER ROLE admin_console_login SET lock_timeout = '3s';
ALTER ROLE stale_job_reaper_login SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE admin_console_login SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE stale_job_reaper_login SET timezone = 'UTC';
ALTER ROLE admin_console_login SET timezone = 'UTC';
