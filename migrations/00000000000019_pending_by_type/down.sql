DROP INDEX job_queue_pending;
CREATE INDEX job_queue_pending ON job_queue (priority, run_at, id) WHERE status = 'pending';
