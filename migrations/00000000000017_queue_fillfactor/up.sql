-- A job's row is written three times: enqueued, claimed, completed. A claim touches all rows of a page at once, and where
-- the new versions fit into their own page, only what changed goes to the log: at 50 a claim and a completion write
-- 632 bytes, at 70 they wrote 821 (jobs of 200 bytes, a hundred a claim); at 35 it would be 597, and a third more pages.
ALTER TABLE job_queue SET (fillfactor = 50);
