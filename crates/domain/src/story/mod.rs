//! Everything that happened to one intent, in order: what an operator reads before deciding.

mod mask;

pub use schema::queries::story::StoryEntry;
use schema::{Connection, Error, queries::story};
use serde_json::Value;

use crate::text::can_be_stored;

/// Entries of one story at most; an intent that is asked about for thirty days has some hundreds.
const ENTRIES_MAX: i64 = 5000;

/// Tells an intent's story, oldest first: snapshot, callbacks as received with what is personal masked, each
/// question's answer, jobs, stock, order, refunds, cases, operators. `None`: there is no such intent.
pub async fn tell(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<Vec<StoryEntry>>, Error> {
    if !can_be_stored(payment_intent_id) {
        return Ok(None);
    }
    let mut entries = story::entries_of_intent(connection, payment_intent_id, ENTRIES_MAX).await?;
    for entry in &mut entries {
        if let Some(Value::String(raw_payload)) = entry.detail.get_mut("raw_payload") {
            *raw_payload = mask::masked(raw_payload);
        }
    }
    Ok(if entries.is_empty() { None } else { Some(entries) })
}
