use std::{fmt, str::FromStr};

use chrono::DateTime;
pub use schema::queries::job_list::{DuePlace, FailureKind, JobFilter, ListedJob};
use schema::{
    Connection, Error,
    queries::job_list::{self, Page},
};

use crate::{payments::status::words, story::mask::without_phone_numbers, text::can_be_stored};

/// Jobs on one page at most.
pub const JOBS_PER_PAGE_MAX: u16 = 100;
/// Jobs looked at for one page at most; a page that found too few among them says so.
pub const JOBS_EXAMINED_MAX: i64 = 25_000;
/// Failed jobs that are grouped by kind of error.
pub const FAILURES_EXAMINED_MAX: i64 = 5_000;
/// Kinds of error listed at most.
const FAILURE_KINDS_MAX: i64 = 50;

words! {
    /// Where a job stands.
    JobState, "job status" {
        Pending = "pending",
        Processing = "processing",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

/// Where a page of jobs ended, opaque to callers: of pending jobs
/// `<priority>:<microseconds>:<id>:<type>`, of others `<id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    Before(i64),
    After(DuePlace),
}

/// A text that no page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor that this list has given out")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(id) => write!(f, "{id}"),
            Self::After(DuePlace { job_type, priority, run_at, id }) => {
                write!(f, "{priority}:{}:{id}:{job_type}", run_at.timestamp_micros())
            }
        }
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        // A type may have colons in it; nothing before it does.
        let parts: Vec<&str> = text.splitn(4, ':').collect();
        match parts.as_slice() {
            [id] => Ok(Self::Before(id.parse().or(Err(NotACursor))?)),
            [priority, micros, id, job_type] => {
                let micros: i64 = micros.parse().or(Err(NotACursor))?;
                Ok(Self::After(DuePlace {
                    job_type: can_be_stored(job_type).then(|| (*job_type).to_owned()).ok_or(NotACursor)?,
                    priority: priority.parse().or(Err(NotACursor))?,
                    run_at: DateTime::from_timestamp_micros(micros).ok_or(NotACursor)?,
                    id: id.parse().or(Err(NotACursor))?,
                }))
            }
            _ => Err(NotACursor),
        }
    }
}

/// Which page of which jobs.
#[derive(Debug, Clone, Default)]
pub struct ListJobs {
    /// `None` lists jobs of all states. Pending ones come type by type, each in the order in which its
    /// jobs are claimed; others newest first.
    pub state: Option<JobState>,
    /// Its `status` is set from `state`.
    pub filter: JobFilter,
    /// 1 to `JOBS_PER_PAGE_MAX`; anything else is brought to it.
    pub limit: u16,
    pub cursor: Option<Cursor>,
}

/// A page of jobs; `next_cursor` fetches the one after it, if there is one.
#[derive(Debug, Clone)]
pub struct JobPage {
    pub jobs: Vec<ListedJob>,
    pub next_cursor: Option<Cursor>,
    /// The page ended because `JOBS_EXAMINED_MAX` jobs were looked at, not because no more match.
    pub is_cut_short: bool,
}

/// Lists jobs. Each page reads a bounded part of the queue, whatever its size.
pub async fn list(connection: &mut Connection, wanted: &ListJobs) -> Result<JobPage, Error> {
    let limit = wanted.limit.clamp(1, JOBS_PER_PAGE_MAX);
    let Some((filter, place)) = readable(wanted) else {
        return Ok(JobPage { jobs: Vec::new(), next_cursor: None, is_cut_short: false });
    };
    let page = Page { examined_max: JOBS_EXAMINED_MAX, rows_max: i64::from(limit) + 1 };
    let mut jobs = rows(connection, wanted.state, &filter, place.clone(), page).await?;
    for job in &mut jobs {
        job.error_line = job.error_line.as_deref().map(without_phone_numbers);
    }
    if jobs.len() <= usize::from(limit) {
        let next_cursor = end_of_walk(connection, wanted.state, place).await?;
        return Ok(JobPage { jobs, is_cut_short: next_cursor.is_some(), next_cursor });
    }
    jobs.truncate(usize::from(limit));
    let is_pending = wanted.state == Some(JobState::Pending);
    let next_cursor = jobs.last().map(|last| match is_pending {
        true => Cursor::After(DuePlace {
            job_type: last.job_type.clone(),
            priority: last.priority,
            run_at: last.run_at,
            id: last.id,
        }),
        false => Cursor::Before(last.id),
    });
    Ok(JobPage { jobs, next_cursor, is_cut_short: false })
}

/// The filter and where to start; `None` where a text asks for what no row can hold.
fn readable(wanted: &ListJobs) -> Option<(JobFilter, DuePlace)> {
    let texts = [&wanted.filter.job_type, &wanted.filter.error, &wanted.filter.error_kind];
    if !texts.into_iter().flatten().all(|text| can_be_stored(text)) {
        return None;
    }
    // Finished jobs have no index of their own: they are picked out of all.
    let status = match wanted.state {
        Some(state @ (JobState::Completed | JobState::Cancelled)) => Some(state.as_str().to_owned()),
        Some(JobState::Pending | JobState::Processing | JobState::Failed) | None => None,
    };
    let is_pending = wanted.state == Some(JobState::Pending);
    let from =
        |id| DuePlace { job_type: String::new(), priority: i32::MIN, run_at: DateTime::UNIX_EPOCH, id };
    let place = match &wanted.cursor {
        Some(Cursor::Before(id)) => from(*id),
        Some(Cursor::After(place)) => place.clone(),
        None if is_pending => from(0),
        None => from(i64::MAX),
    };
    Some((JobFilter { status, ..wanted.filter.clone() }, place))
}

async fn rows(
    connection: &mut Connection,
    state: Option<JobState>,
    filter: &JobFilter,
    place: DuePlace,
    page: Page,
) -> Result<Vec<ListedJob>, Error> {
    match state {
        Some(JobState::Pending) => job_list::next_pending_after(connection, filter, place, page).await,
        Some(JobState::Processing) => {
            job_list::newest_processing_before(connection, filter, place.id, page).await
        }
        Some(JobState::Failed) => job_list::newest_failed_before(connection, filter, place.id, page).await,
        Some(JobState::Completed | JobState::Cancelled) | None => {
            job_list::newest_before(connection, filter, place.id, page).await
        }
    }
}

async fn end_of_walk(
    connection: &mut Connection,
    state: Option<JobState>,
    place: DuePlace,
) -> Result<Option<Cursor>, Error> {
    let examined_max = JOBS_EXAMINED_MAX;
    let end = match state {
        Some(JobState::Pending) => {
            let end = job_list::end_of_pending_walk_after(connection, place, examined_max).await?;
            return Ok(end.map(Cursor::After));
        }
        Some(JobState::Processing) => {
            job_list::end_of_processing_walk_before(connection, place.id, examined_max).await?
        }
        Some(JobState::Failed) => {
            job_list::end_of_failed_walk_before(connection, place.id, examined_max).await?
        }
        Some(JobState::Completed | JobState::Cancelled) | None => {
            job_list::end_of_walk_before(connection, place.id, examined_max).await?
        }
    };
    Ok(end.map(Cursor::Before))
}

/// The newest failed jobs by type and kind of error, the most frequent first.
pub async fn failure_kinds(connection: &mut Connection) -> Result<Vec<FailureKind>, Error> {
    job_list::group_newest_failed(connection, FAILURES_EXAMINED_MAX, FAILURE_KINDS_MAX).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let run_at = DateTime::from_timestamp_micros(1_764_000_000_123_456).unwrap();
        let place = DuePlace { job_type: "mend:shoes".to_owned(), priority: -3, run_at, id: 9 };
        for cursor in [Cursor::Before(7), Cursor::After(place)] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for garbage in ["", "x", "1:2", "1:2:3", "1:2:x:4", "1:99999999999999999999:3:4"] {
            assert_eq!(garbage.parse::<Cursor>(), Err(NotACursor), "{garbage}");
        }
    }
}
