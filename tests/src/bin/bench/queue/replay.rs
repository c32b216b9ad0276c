use domain::{
    jobs::Job,
    queue::{self, WorkerId},
};
use schema::Connection;

use super::no_op::NoOp;
use crate::{
    queue::drain::{BATCH, LEASE},
    statements::{prepared_by, the_one_with, with_arguments},
};

/// The pgbench script that claims a hundred jobs and completes them, by the domain's own two statements.
pub(crate) async fn claim_and_complete(connection: &mut Connection) -> anyhow::Result<String> {
    let worker_id = WorkerId::unique("bench-replay");
    let none = queue::claim(connection, &worker_id, NoOp::JOB_TYPE, BATCH, LEASE).await?;
    queue::complete(connection, &worker_id, &none).await?;
    let statements = prepared_by(connection).await?;

    let job_type = format!("'{}'", NoOp::JOB_TYPE);
    let (batch, lease_seconds) = (BATCH.to_string(), LEASE.as_secs().to_string());
    let claim = with_arguments(
        the_one_with(&statements, "SKIP LOCKED")?,
        &[&job_type, &job_type, &job_type, &batch, &batch, "'replay'", &lease_seconds],
    )?;
    let complete = with_arguments(
        the_one_with(&statements, "'completed'")?,
        &[":ids::bigint[]", ":lease_nos::bigint[]", "'replay'"],
    )?;
    Ok(format!(
        "WITH claimed AS ({claim}) SELECT coalesce(array_agg(id), '{{}}') AS ids, \
         coalesce(array_agg(lease_no), '{{}}') AS lease_nos FROM claimed \\gset\n{complete};\n"
    ))
}
