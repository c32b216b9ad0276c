use std::time::Duration;

pub use schema::queries::review_cases::ListedCase;
use schema::{
    Connection, Error,
    queries::review_cases::{self, CaseFilter},
};

use crate::payments::status::{CaseKind, words};

/// Cases on one page at most.
pub const CASES_PER_PAGE_MAX: i64 = 200;

words! {
    /// Where a case stands.
    CaseState, "review case status" {
        Open = "open",
        Resolved = "resolved",
    }
}

/// One page of cases.
#[derive(Debug, Clone, Copy)]
pub struct ListCases {
    /// `None` lists all.
    pub state: Option<CaseState>,
    pub kind: Option<CaseKind>,
    /// Opened at least so long ago.
    pub age_at_least: Option<Duration>,
    /// The last case of the page before; 0 starts.
    pub after_id: i64,
    /// 1 to `CASES_PER_PAGE_MAX`; more is cut to it.
    pub cases_max: i64,
}

impl ListCases {
    /// The first page of all cases of a state.
    pub const fn first(state: Option<CaseState>, cases_max: i64) -> Self {
        Self { state, kind: None, age_at_least: None, after_id: 0, cases_max }
    }
}

/// Lists cases, oldest first: who has waited longest is looked at first.
pub async fn list_cases(connection: &mut Connection, page: ListCases) -> Result<Vec<ListedCase>, Error> {
    let cases_max = page.cases_max.clamp(1, CASES_PER_PAGE_MAX);
    let filter = CaseFilter {
        status: page.state.map(CaseState::as_str),
        kind: page.kind.map(CaseKind::as_str),
        age_at_least_seconds: page.age_at_least.map(|age| age.as_secs_f64()),
    };
    review_cases::list_after(connection, page.after_id, filter, cases_max).await
}
