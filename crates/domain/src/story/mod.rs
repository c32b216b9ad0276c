//! Everything that happened to one intent, in order: what an operator reads before deciding.

pub(crate) mod mask;

pub use schema::queries::story::StoryEntry;
use schema::{Connection, Error, queries::story};

use crate::text::can_be_stored;

/// Entries of one story at most; an intent that is asked about for thirty days has some hundreds.
const ENTRIES_MAX: i64 = 5000;
/// Jobs that are over are looked for among so many of the newest.
pub const FINISHED_JOBS_EXAMINED_MAX: i64 = 10_000;

/// Tells an intent's story, oldest first: snapshot, callbacks as received with what is personal masked, each
/// question's answer, jobs, stock, order, refunds, cases, operators. `None`: there is no such intent.
pub async fn tell(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<Vec<StoryEntry>>, Error> {
    if !can_be_stored(payment_intent_id) {
        return Ok(None);
    }
    let mut entries =
        story::entries_of_intent(connection, payment_intent_id, FINISHED_JOBS_EXAMINED_MAX, ENTRIES_MAX)
            .await?;
    for entry in &mut entries {
        mask::mask_personal(&mut entry.detail);
    }
    Ok(if entries.is_empty() { None } else { Some(entries) })
}
