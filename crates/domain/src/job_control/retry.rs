use schema::{Connection, queries::job_control, transaction};

use super::{
    JobAct, JobActError, JobActed,
    act::{close, open, open_case_of},
    list::JobState,
};

/// The constraint by which the database keeps a second live job of one key out.
pub(super) const ALONE: &str = "a_live_job_has_its_key_alone";

/// Makes a failed job due again, with all its attempts back and its crashes forgotten.
///
/// A review case that its failure opened stays open: the order that it makes resolves it, or a person does.
pub async fn retry(connection: &mut Connection, act: JobAct<'_>) -> Result<JobActed, JobActError> {
    act.by.check()?;
    transaction(connection, async |connection| {
        let (job, state) = open(connection, &act).await?;
        let open_case_of = open_case_of(connection, &job).await?;
        match state {
            JobState::Failed => {}
            // The lease number is the one that was seen, so no worker has come between: it was retried before.
            JobState::Pending => {
                return Ok(JobActed { state, is_repetition: true, is_due: job.is_due, open_case_of });
            }
            JobState::Processing | JobState::Completed | JobState::Cancelled => {
                return Err(JobActError::StateForbids { act: "retried", wanted: "failed", state });
            }
        }
        if let Some(key) = job.idempotency_key.as_deref()
            && let Some(twin) = job_control::live_id_of_key(connection, key).await?
        {
            return Err(JobActError::HasALiveTwin(twin));
        }
        let retried = job_control::retry_if_failed_and_unclaimed(connection, act.job_id, act.lease_no).await;
        if !retried.map_err(as_contended)? {
            return Err(JobActError::HasMoved(state));
        }
        close(connection, &act, "job_retried", &job).await?;
        Ok(JobActed { state: JobState::Pending, is_repetition: false, is_due: true, open_case_of })
    })
    .await
}

/// A twin that was made at this very moment is found when the transaction is run again.
pub(super) fn as_contended(error: schema::Error) -> schema::Error {
    if error.is_refused_by(ALONE) { schema::Error::Contended(error.to_string()) } else { error }
}
