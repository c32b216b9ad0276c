//! Figures about the queue for metrics; each reads a bounded number of rows that are not finished.

use diesel::sql_types::{BigInt, Double, Text};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

/// How many jobs of a type are in a state.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct JobCount {
    pub job_type: String,
    pub status: String,
    pub count: i64,
}

statement! {
    CountUnfinished { jobs_max: i64 } -> (Text, Text, BigInt);
    "SELECT job_type, 'pending', count(*) \
       FROM (SELECT job_type FROM job_queue WHERE status = 'pending' LIMIT " (jobs_max as BigInt) ") j GROUP BY 1 \
     UNION ALL SELECT job_type, 'processing', count(*) \
       FROM (SELECT job_type FROM job_queue WHERE status = 'processing' LIMIT " (jobs_max as BigInt) ") j GROUP BY 1 \
     UNION ALL SELECT job_type, 'failed', count(*) \
       FROM (SELECT job_type FROM job_queue WHERE status = 'failed' LIMIT " (jobs_max as BigInt) ") j GROUP BY 1"
}

/// Pending, processing and failed jobs by type; of each state at most `jobs_max` are counted.
pub async fn count_unfinished(connection: &mut Connection, jobs_max: i64) -> Result<Vec<JobCount>, Error> {
    Ok(CountUnfinished { jobs_max }.load(connection).await?)
}

statement! {
    CountExpired { jobs_max: i64 } -> (Text, BigInt);
    "SELECT job_type, count(*) \
       FROM (SELECT job_type FROM job_queue WHERE status = 'processing' AND locked_until < now() \
              LIMIT " (jobs_max as BigInt) ") j GROUP BY 1"
}

/// Jobs by type whose lease ran out and that nobody has rescued; at most `jobs_max` are counted.
pub async fn count_expired_leases(
    connection: &mut Connection,
    jobs_max: i64,
) -> Result<Vec<(String, i64)>, Error> {
    Ok(CountExpired { jobs_max }.load(connection).await?)
}

/// The jobs of a type that wait for a worker.
#[derive(Debug, Clone, PartialEq, diesel::Queryable)]
pub struct DueJobs {
    pub job_type: String,
    pub count: i64,
    /// How long the oldest has been due.
    pub oldest_seconds: f64,
}

statement! {
    CountDue { jobs_max: i64 } -> (Text, BigInt, Double);
    // Levels are walked one by one, so that a pile of future rows ends each level's scan instead of being read through.
    // Of a level the longest due rows are read.
    "WITH RECURSIVE level (job_type, priority) AS ( \
         (SELECT j.job_type, j.priority FROM job_queue j WHERE j.status = 'pending' \
           ORDER BY j.job_type, j.priority LIMIT 1) \
         UNION ALL \
         SELECT next.* FROM level CROSS JOIN LATERAL ( \
             SELECT j.job_type, j.priority FROM job_queue j \
              WHERE j.status = 'pending' AND (j.job_type, j.priority) > (level.job_type, level.priority) \
              ORDER BY j.job_type, j.priority LIMIT 1) AS next \
     ) \
     SELECT level.job_type, count(*), extract(epoch FROM now() - min(due.run_at))::float8 \
       FROM level CROSS JOIN LATERAL ( \
           SELECT j.run_at FROM job_queue j \
            WHERE j.status = 'pending' AND j.job_type = level.job_type AND j.priority = level.priority AND j.run_at <= now() \
            ORDER BY j.run_at, j.id LIMIT " (jobs_max as BigInt) ") AS due \
      GROUP BY level.job_type"
}

/// Due jobs by type; of each type and priority the `jobs_max` longest due are looked at. Types with none are absent.
pub async fn count_due(connection: &mut Connection, jobs_max: i64) -> Result<Vec<DueJobs>, Error> {
    Ok(CountDue { jobs_max }.load(connection).await?)
}
