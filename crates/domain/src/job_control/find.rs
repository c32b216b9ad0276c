pub use schema::queries::job_list::JobRow;
use schema::{
    Connection,
    queries::{audit_log, job_list},
};
use serde_json::Value;

use super::{act::audit_subject, list::JobState};
use crate::{
    audit,
    payments::status::UnknownWord,
    story::mask::{mask_strangers, without_phone_numbers},
};

/// Acts of operators shown with a job.
const ACTS_MAX: i64 = 50;

/// A job whole, with what is personal in it masked.
#[derive(Debug, Clone)]
pub struct Job {
    pub row: JobRow,
    pub state: JobState,
    /// The trace of whoever enqueued it.
    pub trace_id: Option<String>,
    /// What operators did to it, newest first.
    pub acts: Vec<audit::Entry>,
}

/// Why a job cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum FindJobError {
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

/// One job; `None`: there is none of this id.
pub async fn find(connection: &mut Connection, job_id: i64) -> Result<Option<Job>, FindJobError> {
    let Some(mut row) = job_list::find(connection, job_id).await? else { return Ok(None) };
    let state = row.status.parse()?;
    mask_strangers(&mut row.payload);
    row.last_error = row.last_error.as_deref().map(without_phone_numbers);
    let trace_id = row.trace_context.as_ref().and_then(trace_id);
    let subject = audit_subject(job_id);
    let of_job = audit::Filter { subject: Some(&subject), ..audit::Filter::default() };
    let acts = audit_log::list_newest(connection, of_job, ACTS_MAX).await?;
    Ok(Some(Job { row, state, trace_id, acts }))
}

/// The second part of W3C's `traceparent`.
fn trace_id(trace_context: &Value) -> Option<String> {
    let parent = trace_context.get("traceparent")?.as_str()?;
    let id = parent.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_read_from_the_enqueuers_context_or_not_at_all() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |parent: &str| trace_id(&serde_json::json!({ "traceparent": parent }));
        assert_eq!(of(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        for garbage in ["", "00", "00-<script>-1-01", "00-12-1-01"] {
            assert_eq!(of(garbage), None, "{garbage}");
        }
        assert_eq!(trace_id(&Value::Null), None);
    }
}
