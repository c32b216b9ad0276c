//! Figures about the queue for metrics; each reads only rows that are not finished.

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
    CountUnfinished { } -> (Text, Text, BigInt);
    "SELECT job_type, status, count(*) FROM job_queue WHERE status = 'pending' GROUP BY 1, 2 \
     UNION ALL SELECT job_type, status, count(*) FROM job_queue WHERE status = 'processing' GROUP BY 1, 2 \
     UNION ALL SELECT job_type, status, count(*) FROM job_queue WHERE status = 'failed' GROUP BY 1, 2"
}

/// Pending, processing and failed jobs by type.
pub async fn count_unfinished(connection: &mut Connection) -> Result<Vec<JobCount>, Error> {
    Ok(CountUnfinished {}.load(connection).await?)
}

statement! {
    OldestDue { } -> (Text, Double);
    "SELECT job_type, extract(epoch FROM now() - min(run_at))::float8 FROM job_queue \
      WHERE status = 'pending' AND run_at <= now() GROUP BY job_type"
}

/// Seconds that the oldest due job of each type has waited; types with none are absent.
pub async fn oldest_due_seconds(connection: &mut Connection) -> Result<Vec<(String, f64)>, Error> {
    Ok(OldestDue {}.load(connection).await?)
}
