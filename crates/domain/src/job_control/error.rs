use schema::FromSchema;

use super::list::JobState;
use crate::{operators::Unaccountable, payments::status::UnknownWord};

/// Why a job was not changed; nothing was. Each names the rule that it would have broken.
#[derive(Debug, thiserror::Error)]
pub enum JobActError {
    #[error("there is no job {0}")]
    UnknownJob(i64),
    #[error(transparent)]
    Unaccountable(#[from] Unaccountable),
    #[error("only a {wanted} job can be {act}, and this one is {}", .state.as_str())]
    StateForbids { act: &'static str, wanted: &'static str, state: JobState },
    #[error(
        "the job has moved on since it was looked at: a worker has claimed it, and it is {} now; look again before deciding",
        .0.as_str()
    )]
    HasMoved(JobState),
    #[error("two live jobs with one key are one job: job {0} is doing this work")]
    HasALiveTwin(i64),
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

impl FromSchema for JobActError {
    fn schema_error(&self) -> Option<&schema::Error> {
        if let Self::Schema(error) = self { Some(error) } else { None }
    }
}
