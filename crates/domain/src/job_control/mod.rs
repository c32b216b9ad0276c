//! The queue in operators' hands: what is there, why it failed, and the few changes that are safe to make.
//!
//! Each change names the lease number that the operator saw, is refused where the job has moved on since, changes
//! nothing when repeated, and is audited in the transaction that makes it.

mod act;
mod cancel;
mod error;
mod find;
mod list;
mod retry;
mod retry_many;
mod run_now;

pub use act::{JobAct, JobActed};
pub use cancel::cancel;
pub use error::JobActError;
pub use find::{FindJobError, Job, JobRow, find};
pub use list::{
    Cursor, DuePlace, FAILURES_EXAMINED_MAX, FailureKind, JOBS_EXAMINED_MAX, JOBS_PER_PAGE_MAX, JobFilter,
    JobPage, JobState, ListJobs, ListedJob, NotACursor, failure_kinds, list,
};
pub use retry::retry;
pub use retry_many::{
    CountedFailures, FailureFilter, RETRIED_TOGETHER_MAX, RetryMany, RetryManyError, RetryManyOutcome,
    count_failures, retry_many,
};
pub use run_now::run_now;
