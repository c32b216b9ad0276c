DROP FUNCTION requeue_stale_jobs();
DROP TABLE job_queue;
