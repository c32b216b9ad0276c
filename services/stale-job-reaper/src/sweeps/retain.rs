use domain::{Connection, Error, queue::Retention};

use super::Context;
use crate::swept::Swept;

pub(super) async fn page(
    connection: &mut Connection,
    context: &Context,
    retention: &mut Retention,
    swept: &mut Swept,
) -> Result<bool, Error> {
    let pass = retention.pass(connection, context.retention).await?;
    let deleted = usize::try_from(pass.deleted).unwrap_or(0);
    context.metrics.deleted(deleted);
    swept.jobs_deleted += deleted;
    Ok(!retention.has_finished_a_round())
}
