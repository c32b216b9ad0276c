pub use schema::queries::review_cases::ListedCase;
use schema::{Connection, Error, queries::review_cases};

/// Cases on one page at most.
pub const CASES_PER_PAGE_MAX: i64 = 200;

/// One page of cases.
#[derive(Debug, Clone, Copy)]
pub struct ListCases {
    pub only_open: bool,
    /// The last case of the page before; 0 starts.
    pub after_id: i64,
    /// 1 to `CASES_PER_PAGE_MAX`; more is cut to it.
    pub cases_max: i64,
}

/// Lists cases, oldest first: who has waited longest is looked at first.
pub async fn list_cases(connection: &mut Connection, page: ListCases) -> Result<Vec<ListedCase>, Error> {
    let cases_max = page.cases_max.clamp(1, CASES_PER_PAGE_MAX);
    review_cases::list_after(connection, page.after_id, page.only_open, cases_max).await
}
