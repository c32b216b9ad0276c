use schema::{
    Connection,
    queries::{
        job_control::{self, LockedJob},
        payment_intents, review_cases,
    },
    transaction,
};
use serde_json::json;

use super::{
    JobAct, JobActError, JobActed,
    act::{close, open, open_case_of},
    list::JobState,
};

/// Cancels a job that nobody runs.
///
/// Nothing about money is dropped silently: where the job is about a payment, a review case opens in the same
/// transaction, or the open one learns of it. While it is open the reaper does not owe the job again; when it is
/// resolved, what is still to be done is owed again.
pub async fn cancel(connection: &mut Connection, act: JobAct<'_>) -> Result<JobActed, JobActError> {
    act.by.check()?;
    transaction(connection, async |connection| {
        let (job, state) = open(connection, &act).await?;
        match state {
            JobState::Pending => {}
            JobState::Cancelled => {
                let open_case_of = open_case_of(connection, &job).await?;
                return Ok(JobActed { state, is_repetition: true, is_due: false, open_case_of });
            }
            JobState::Processing | JobState::Completed | JobState::Failed => {
                return Err(JobActError::StateForbids { act: "cancelled", wanted: "pending", state });
            }
        }
        if !job_control::cancel_if_pending_and_unclaimed(connection, act.job_id, act.lease_no).await? {
            return Err(JobActError::HasMoved(state));
        }
        show_to_a_person(connection, &job, &act).await?;
        close(connection, &act, "job_cancelled", &job).await?;
        let open_case_of = open_case_of(connection, &job).await?;
        Ok(JobActed { state: JobState::Cancelled, is_repetition: false, is_due: false, open_case_of })
    })
    .await
}

async fn show_to_a_person(
    connection: &mut Connection,
    job: &LockedJob,
    act: &JobAct<'_>,
) -> Result<(), schema::Error> {
    let Some(id) = job.payment_intent_id.as_deref() else { return Ok(()) };
    if payment_intents::read::provider_of(connection, id).await?.is_none() {
        return Ok(());
    }
    let evidence = json!({
        "kind": "job_cancelled", "job_id": job.id, "job_type": job.job_type, "operator": act.by.operator,
        "reason": act.by.reason,
    });
    review_cases::open_or_append(connection, id, "job_failed", &evidence).await
}
