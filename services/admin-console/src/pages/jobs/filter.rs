use domain::job_control::{Cursor, JobFilter, JobState, ListJobs};
use serde::Deserialize;
use service_kit::http::{FieldError, Problem};

use crate::view::{address, filled};

/// Jobs on a page, unless a program asks for another number.
const JOBS_PER_PAGE: u16 = 50;
const MINUTE_SECONDS: f64 = 60.0;
/// A century: more is a slip of the finger.
const AGE_MINUTES_MAX: u32 = 52_560_000;

/// What lists of jobs are asked for, in addresses and forms.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) state: Option<String>,
    #[serde(rename = "type")]
    pub(super) job_type: Option<String>,
    pub(super) age_minutes: Option<String>,
    pub(super) error: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) after: Option<String>,
    pub(super) limit: Option<u16>,
}

impl Asked {
    pub(super) fn state(&self) -> Result<Option<JobState>, Problem> {
        let Some(word) = filled(self.state.as_deref()) else { return Ok(None) };
        word.parse().map(Some).map_err(|error| invalid("state", &error))
    }

    pub(super) fn filter(&self) -> Result<JobFilter, Problem> {
        let owned = |field: &Option<String>| filled(field.as_deref()).map(str::to_owned);
        Ok(JobFilter {
            status: None,
            job_type: owned(&self.job_type),
            age_at_least_seconds: self.age_minutes()?.map(|minutes| f64::from(minutes) * MINUTE_SECONDS),
            error: owned(&self.error),
            error_kind: self.kind.clone(),
        })
    }

    fn age_minutes(&self) -> Result<Option<u32>, Problem> {
        let Some(text) = filled(self.age_minutes.as_deref()) else { return Ok(None) };
        let minutes: u32 = text.parse().map_err(|error| invalid("age_minutes", &error))?;
        if minutes > AGE_MINUTES_MAX {
            return Err(invalid("age_minutes", &format!("is {AGE_MINUTES_MAX} at most")));
        }
        Ok(Some(minutes))
    }

    pub(super) fn wanted(&self) -> Result<ListJobs, Problem> {
        let cursor: Option<Cursor> = filled(self.after.as_deref())
            .map(str::parse)
            .transpose()
            .map_err(|error| invalid("after", &error))?;
        let limit = self.limit.unwrap_or(JOBS_PER_PAGE);
        Ok(ListJobs { state: self.state()?, filter: self.filter()?, limit, cursor })
    }

    /// The address of the same question elsewhere, or further on.
    pub(super) fn address(&self, path: &str, after: Option<&str>) -> String {
        address(
            path,
            &[
                ("state", filled(self.state.as_deref())),
                ("type", filled(self.job_type.as_deref())),
                ("age_minutes", filled(self.age_minutes.as_deref())),
                ("error", filled(self.error.as_deref())),
                ("kind", self.kind.as_deref()),
                ("after", after),
            ],
        )
    }
}

fn invalid(field: &str, error: &impl std::fmt::Display) -> Problem {
    Problem::validation(vec![FieldError::new(field, error.to_string())])
}
