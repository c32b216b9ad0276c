//! What all changes of one job share: the locked job before, the audited one after.

use schema::{
    Connection,
    queries::{
        audit_log,
        job_control::{self, LockedJob},
        review_cases,
    },
};

use super::{JobActError, list::JobState};
use crate::operators::ByHand;

/// A person's act on one job.
#[derive(Debug, Clone, Copy)]
pub struct JobAct<'a> {
    pub job_id: i64,
    /// The job's lease number when the person looked: it grows with every claim.
    pub lease_no: i64,
    pub by: ByHand<'a>,
}

/// What an act did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobActed {
    pub state: JobState,
    /// It was done before; nothing was changed.
    pub is_repetition: bool,
    /// The job is due: wake workers.
    pub is_due: bool,
    /// The payment whose review case is open. A retry does not resolve it: an order that is made does, or a person.
    pub open_case_of: Option<String>,
}

/// Locks the job and refuses what has been claimed since the operator looked.
pub(super) async fn open(
    connection: &mut Connection,
    act: &JobAct<'_>,
) -> Result<(LockedJob, JobState), JobActError> {
    let job = job_control::find_for_update(connection, act.job_id)
        .await?
        .ok_or(JobActError::UnknownJob(act.job_id))?;
    let state = job.status.parse()?;
    if job.lease_no != act.lease_no {
        return Err(JobActError::HasMoved(state));
    }
    Ok((job, state))
}

/// Writes the audit log of what was done to the locked job.
pub(super) async fn close(
    connection: &mut Connection,
    act: &JobAct<'_>,
    action: &'static str,
    before: &LockedJob,
) -> Result<(), JobActError> {
    let after = job_control::state_of(connection, act.job_id).await?;
    let subject = audit_subject(act.job_id);
    let entry = audit_log::NewEntry {
        operator: act.by.operator,
        action,
        subject: &subject,
        reason: act.by.reason,
        before: &before.state,
        after: &after,
    };
    Ok(audit_log::insert(connection, entry).await?)
}

/// What the audit log calls a job.
pub(super) fn audit_subject(job_id: i64) -> String {
    format!("job:{job_id}")
}

/// The job's payment, if it has an open case.
pub(super) async fn open_case_of(
    connection: &mut Connection,
    job: &LockedJob,
) -> Result<Option<String>, schema::Error> {
    let Some(id) = job.payment_intent_id.as_deref() else { return Ok(None) };
    let is_open = review_cases::open_kind_of_intent(connection, id).await?.is_some();
    Ok(is_open.then(|| id.to_owned()))
}
