//! Who changed what by hand, when, why, and what it was before. Written by the use cases themselves, read here; nobody
//! can change it.

pub use schema::queries::audit_log::{Entry, Filter};
use schema::{Connection, Error, queries::audit_log};

use crate::text::can_be_stored;

/// Entries of a page.
pub const ENTRIES_PER_PAGE: usize = 50;

/// Some entries, newest first.
#[derive(Debug, Clone)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// What the next page is asked with; `None`: there is none.
    pub older_than: Option<i64>,
}

/// The newest entries that the filter lets through. Paging by `before_id` shows each entry once, however many are
/// written meanwhile.
pub async fn list(connection: &mut Connection, filter: Filter<'_>) -> Result<Page, Error> {
    let words = [filter.operator, filter.action, filter.subject];
    if !words.into_iter().flatten().all(can_be_stored) {
        return Ok(Page { entries: Vec::new(), older_than: None });
    }
    let one_more = i64::try_from(ENTRIES_PER_PAGE + 1).unwrap_or(i64::MAX);
    let mut entries = audit_log::list_newest(connection, filter, one_more).await?;
    let is_last = entries.len() <= ENTRIES_PER_PAGE;
    entries.truncate(ENTRIES_PER_PAGE);
    let older_than = entries.last().map(|entry| entry.id).filter(|_| !is_last);
    Ok(Page { entries, older_than })
}
