//! How much work there is.

use diesel::{
    Queryable,
    sql_types::{BigInt, Double, Text},
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use crate::{Connection, Error};

/// Unfinished jobs of a type in a state.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct UnfinishedJobs {
    pub status: String,
    pub job_type: String,
    pub count: i64,
    /// How many of the pending ones are due.
    pub due: i64,
}

statement! {
    CountUnfinished { jobs_max: i64 } -> (Text, Text, BigInt, BigInt);
    "SELECT 'pending', job_type, count(*), count(*) FILTER (WHERE run_at <= now()) \
       FROM (SELECT job_type, run_at FROM job_queue WHERE status = 'pending' LIMIT " (jobs_max as BigInt) ") j GROUP BY 2 \
     UNION ALL SELECT 'processing', job_type, count(*), 0 \
       FROM (SELECT job_type FROM job_queue WHERE status = 'processing' LIMIT " (jobs_max as BigInt) ") j GROUP BY 2 \
     UNION ALL SELECT 'failed', job_type, count(*), 0 \
       FROM (SELECT job_type FROM job_queue WHERE status = 'failed' LIMIT " (jobs_max as BigInt) ") j GROUP BY 2 \
     ORDER BY 1, 2"
}

/// Pending, processing and failed jobs by type; of each state at most `jobs_max` are counted.
pub async fn count_unfinished(
    connection: &mut Connection,
    jobs_max: i64,
) -> Result<Vec<UnfinishedJobs>, Error> {
    Ok(CountUnfinished { jobs_max }.load(connection).await?)
}

/// Finished jobs of a type among the newest ones.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct FinishedJobs {
    pub status: String,
    pub job_type: String,
    pub count: i64,
}

statement! {
    CountFinished { newest_max: i64 } -> (Text, Text, BigInt);
    "SELECT status, job_type, count(*) \
       FROM (SELECT status, job_type FROM job_queue ORDER BY id DESC LIMIT " (newest_max as BigInt) ") newest \
      WHERE status IN ('completed', 'cancelled') GROUP BY 1, 2 ORDER BY 1, 2"
}

/// Completed and cancelled jobs by type among the `newest_max` newest jobs.
pub async fn count_finished_among_newest(
    connection: &mut Connection,
    newest_max: i64,
) -> Result<Vec<FinishedJobs>, Error> {
    Ok(CountFinished { newest_max }.load(connection).await?)
}

statement! {
    EstimateAll { } -> BigInt;
    "SELECT coalesce((SELECT n_live_tup FROM pg_stat_user_tables \
                       WHERE schemaname = 'public' AND relname = 'job_queue'), 0)"
}

/// Jobs in all, as Postgres' own statistics estimate them.
pub async fn estimate_all(connection: &mut Connection) -> Result<i64, Error> {
    Ok(EstimateAll {}.get_result(connection).await?)
}

/// The job that has waited longest for a worker.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct OldestDue {
    pub id: i64,
    pub job_type: String,
    pub age_seconds: f64,
}

statement! {
    FindOldestDue { } -> (BigInt, Text, Double);
    "WITH RECURSIVE first_of_level AS ( \
         (SELECT job_type, priority, run_at, id FROM job_queue WHERE status = 'pending' \
           ORDER BY job_type, priority, run_at, id LIMIT 1) \
         UNION ALL \
         SELECT next.* FROM first_of_level f CROSS JOIN LATERAL ( \
             SELECT job_type, priority, run_at, id FROM job_queue \
              WHERE status = 'pending' AND (job_type, priority) > (f.job_type, f.priority) \
              ORDER BY job_type, priority, run_at, id LIMIT 1) next \
     ) \
     SELECT id, job_type, extract(epoch FROM now() - run_at)::float8 FROM first_of_level \
      WHERE run_at <= now() ORDER BY run_at LIMIT 1"
}

/// The oldest due job, read from the index's first row of each type and priority. `None`: nothing is due.
pub async fn oldest_due(connection: &mut Connection) -> Result<Option<OldestDue>, Error> {
    Ok(FindOldestDue {}.load(connection).await?.pop())
}
