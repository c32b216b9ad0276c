use std::time::Duration;

pub use schema::queries::jobs::RetentionPass;
use schema::{Connection, Error, queries::jobs};

/// Rows looked at in one pass.
const EXAMINED_MAX: i64 = 10_000;

/// Forgets finished jobs, a bounded part of the table at a time. Keeps its place between passes.
#[derive(Debug, Default)]
pub struct Retention {
    after_id: i64,
}

impl Retention {
    /// Whether the last pass reached the end of the table: the next one starts again at its first row.
    pub const fn has_finished_a_round(&self) -> bool {
        self.after_id == 0
    }

    /// One pass over the next 10,000 rows; starts again at the first row after the last.
    pub async fn pass(
        &mut self,
        connection: &mut Connection,
        older_than: Duration,
    ) -> Result<RetentionPass, Error> {
        let pass = jobs::delete_finished_if_older_than(
            connection,
            older_than.as_secs_f64(),
            self.after_id,
            EXAMINED_MAX,
        )
        .await?;
        self.after_id = if pass.examined < EXAMINED_MAX { 0 } else { pass.last_id };
        Ok(pass)
    }
}
