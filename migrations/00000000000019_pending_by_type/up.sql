-- A lane claims jobs of one type. Where the index does not begin with it, each claim reads past whatever is due of the
-- others: with a gateway away, every order would walk past all that waits for the gateway.
DROP INDEX job_queue_pending;
CREATE INDEX job_queue_pending ON job_queue (job_type, priority, run_at, id) WHERE status = 'pending';
