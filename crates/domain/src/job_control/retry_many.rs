use std::collections::HashSet;

use chrono::{DateTime, Utc};
pub use schema::queries::job_list::JobFilter as FailureFilter;
use schema::{
    Connection, FromSchema,
    queries::{
        audit_log, job_control,
        job_control::{FailedSelection, LockedFailure},
        review_cases,
    },
    transaction,
};
use serde_json::json;

use super::{act::audit_subject, list::JOBS_EXAMINED_MAX, retry::as_contended};
use crate::{
    operators::{ByHand, Unaccountable},
    text::can_be_stored,
};

/// Jobs retried by one act at most; the rest takes another.
pub const RETRIED_TOGETHER_MAX: i64 = 1000;

/// Why failed jobs were not retried together; none was.
#[derive(Debug, thiserror::Error)]
pub enum RetryManyError {
    #[error(transparent)]
    Unaccountable(#[from] Unaccountable),
    #[error("a filter has no NUL character")]
    UnusableFilter,
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

impl FromSchema for RetryManyError {
    fn schema_error(&self) -> Option<&schema::Error> {
        if let Self::Schema(error) = self { Some(error) } else { None }
    }
}

/// How many failed jobs a filter finds, before anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedFailures {
    /// At most `RETRIED_TOGETHER_MAX`.
    pub count: i64,
    /// There are more: they take another act.
    pub are_more: bool,
    /// Jobs that fail after this moment are none of those counted.
    pub counted_at: DateTime<Utc>,
    /// Nor are older ones than this; 0 where none was counted.
    pub oldest_id: i64,
}

/// A person's act on all failed jobs of a filter, as they were counted.
#[derive(Debug, Clone, Copy)]
pub struct RetryMany<'a> {
    /// Its `status` is not read: only failed jobs are retried.
    pub filter: &'a FailureFilter,
    /// What the person was shown.
    pub counted: CountedFailures,
    pub by: ByHand<'a>,
}

/// What retrying together did, in full: `retried + left_to_a_twin + moved_on` is the count that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryManyOutcome {
    pub retried: i64,
    /// Another job of the same key is live, or a newer one failed too: one of them is enough.
    pub left_to_a_twin: i64,
    /// Not failed any more: retried before, or dealt with otherwise.
    pub moved_on: i64,
    /// Of the retried, how many have an open review case; it stays open.
    pub open_cases: i64,
}

/// Counts the failed jobs of a filter, up to what one act retries.
pub async fn count_failures(
    connection: &mut Connection,
    filter: &FailureFilter,
) -> Result<CountedFailures, RetryManyError> {
    check(filter)?;
    let counted_at = job_control::now(connection).await?;
    let one_more = selection(filter, counted_at, 0, RETRIED_TOGETHER_MAX + 1);
    let (count, oldest_id) = job_control::count_failed(connection, one_more).await?;
    Ok(CountedFailures {
        count: count.min(RETRIED_TOGETHER_MAX),
        are_more: count > RETRIED_TOGETHER_MAX,
        counted_at,
        oldest_id,
    })
}

/// Makes the counted jobs due again. Repeated, it finds none of them failed and says so; a job that failed again
/// meanwhile was not counted and is left alone.
pub async fn retry_many(
    connection: &mut Connection,
    act: RetryMany<'_>,
) -> Result<RetryManyOutcome, RetryManyError> {
    act.by.check()?;
    check(act.filter)?;
    let CountedFailures { count: shown, counted_at, oldest_id, are_more: _ } = act.counted;
    let selection = selection(act.filter, counted_at, oldest_id, shown.clamp(0, RETRIED_TOGETHER_MAX));
    transaction(connection, async |connection| {
        let failed = job_control::lock_failed_for_update(connection, selection).await?;
        let alone = one_of_each_key(&failed);
        let retried =
            job_control::retry_failed_unless_live(connection, &alone).await.map_err(as_contended)?;
        let retried: HashSet<i64> = retried.into_iter().collect();
        let changed: Vec<&LockedFailure> = failed.iter().filter(|job| retried.contains(&job.id)).collect();
        audit(connection, act.by, &changed).await?;
        let ids: Vec<&str> = changed.iter().filter_map(|job| job.payment_intent_id.as_deref()).collect();
        let open_cases = review_cases::count_open_of_intents(connection, &ids).await?;
        let (locked, retried) = (count(failed.len()), count(retried.len()));
        Ok(RetryManyOutcome {
            retried,
            left_to_a_twin: locked - retried,
            moved_on: shown.saturating_sub(locked).max(0),
            open_cases,
        })
    })
    .await
}

fn check(filter: &FailureFilter) -> Result<(), RetryManyError> {
    let texts = [&filter.job_type, &filter.error, &filter.error_kind];
    let are_storable = texts.into_iter().flatten().all(|text| can_be_stored(text));
    if are_storable { Ok(()) } else { Err(RetryManyError::UnusableFilter) }
}

const fn selection(
    filter: &FailureFilter,
    failed_until: DateTime<Utc>,
    from_id: i64,
    picked_max: i64,
) -> FailedSelection<'_> {
    FailedSelection { filter, failed_until, from_id, examined_max: JOBS_EXAMINED_MAX, picked_max }
}

/// The newest job of each key; jobs without a key have no twin.
fn one_of_each_key(failed: &[LockedFailure]) -> Vec<i64> {
    let mut keys = HashSet::new();
    let mut ids = Vec::new();
    for job in failed.iter().rev() {
        if job.idempotency_key.as_deref().is_none_or(|key| keys.insert(key)) {
            ids.push(job.id);
        }
    }
    ids
}

async fn audit(
    connection: &mut Connection,
    by: ByHand<'_>,
    changed: &[&LockedFailure],
) -> Result<(), schema::Error> {
    let subjects: Vec<String> = changed.iter().map(|job| audit_subject(job.id)).collect();
    let entries = audit_log::NewEntries {
        operator: by.operator,
        action: "job_retried",
        reason: by.reason,
        subjects: &subjects,
        befores: changed.iter().map(|job| &job.state).collect(),
        after: &json!({ "status": "pending", "attempts": 0, "crash_count": 0 }),
    };
    audit_log::insert_all(connection, entries).await
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
