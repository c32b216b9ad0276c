use schema::{
    Connection, Error,
    queries::queue_figures::{self, DueJobs, JobCount},
};

/// Jobs of one state, and due jobs of one priority, that are counted one by one; beyond it a figure says "or more".
/// Every replica of every worker counts, every few seconds.
const COUNTED_MAX: i64 = 10_000;

/// The queue as metrics show it.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Pending, processing and failed jobs by type.
    pub counts: Vec<JobCount>,
    /// What waits for a worker, by type.
    pub due: Vec<DueJobs>,
    /// Job type and how many of its leases ran out without a rescue.
    pub expired_leases: Vec<(String, i64)>,
}

/// Reads the queue's figures; reads no finished row.
pub async fn figures(connection: &mut Connection) -> Result<Figures, Error> {
    Ok(Figures {
        counts: queue_figures::count_unfinished(connection, COUNTED_MAX).await?,
        due: queue_figures::count_due(connection, COUNTED_MAX).await?,
        expired_leases: queue_figures::count_expired_leases(connection, COUNTED_MAX).await?,
    })
}
