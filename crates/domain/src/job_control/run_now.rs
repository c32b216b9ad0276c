use schema::{Connection, queries::job_control, transaction};

use super::{
    JobAct, JobActError, JobActed,
    act::{close, open, open_case_of},
    list::JobState,
};

/// Makes a pending job due at once, whenever it was to run.
pub async fn run_now(connection: &mut Connection, act: JobAct<'_>) -> Result<JobActed, JobActError> {
    act.by.check()?;
    transaction(connection, async |connection| {
        let (job, state) = open(connection, &act).await?;
        if state != JobState::Pending {
            return Err(JobActError::StateForbids { act: "run now", wanted: "pending", state });
        }
        let open_case_of = open_case_of(connection, &job).await?;
        let moved =
            job_control::bring_forward_if_pending_and_unclaimed(connection, act.job_id, act.lease_no).await?;
        if moved {
            close(connection, &act, "job_brought_forward", &job).await?;
        }
        Ok(JobActed { state, is_repetition: !moved, is_due: true, open_case_of })
    })
    .await
}
