ALTER TABLE job_queue SET (fillfactor = 70);
