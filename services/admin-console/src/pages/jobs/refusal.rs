use domain::job_control::{FindJobError, JobActError, RetryManyError};
use service_kit::http::{Code, FieldError, Problem};

use crate::problems;

pub(super) fn unknown_job(job_id: i64) -> Problem {
    Problem::new(Code::NotFound, format!("There is no job {job_id}: it may have been forgotten since."))
}

pub(super) fn found(error: FindJobError) -> Problem {
    match error {
        FindJobError::UnknownWord(word) => Problem::internal(word),
        FindJobError::Schema(error) => problems::database(error),
    }
}

pub(super) fn acted(error: JobActError) -> Problem {
    match error {
        JobActError::UnknownJob(job_id) => unknown_job(job_id),
        JobActError::Unaccountable(what) => {
            Problem::validation(vec![FieldError::new("reason", what.to_string())])
        }
        JobActError::StateForbids { .. } | JobActError::HasMoved(_) | JobActError::HasALiveTwin(_) => {
            Problem::new(Code::ActionRefused, error.to_string())
        }
        JobActError::UnknownWord(word) => Problem::internal(word),
        JobActError::Schema(error) => problems::database(error),
    }
}

pub(super) fn retried_many(error: RetryManyError) -> Problem {
    match error {
        RetryManyError::Unaccountable(what) => {
            Problem::validation(vec![FieldError::new("reason", what.to_string())])
        }
        RetryManyError::UnusableFilter => Problem::validation(vec![FieldError::new("", error.to_string())]),
        RetryManyError::Schema(error) => problems::database(error),
    }
}
