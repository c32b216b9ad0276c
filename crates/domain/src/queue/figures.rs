use schema::{
    Connection, Error,
    queries::queue_figures::{self, JobCount},
};

/// The queue as metrics show it.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Pending, processing and failed jobs by type.
    pub counts: Vec<JobCount>,
    /// Job type and the seconds its oldest due job has waited.
    pub oldest_due_seconds: Vec<(String, f64)>,
}

/// Reads the queue's figures; reads no finished row.
pub async fn figures(connection: &mut Connection) -> Result<Figures, Error> {
    Ok(Figures {
        counts: queue_figures::count_unfinished(connection).await?,
        oldest_due_seconds: queue_figures::oldest_due_seconds(connection).await?,
    })
}
