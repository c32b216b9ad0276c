use anyhow::Context;
use domain::{
    Connection,
    story::{StoryEntry, tell},
};
use serde_json::{Value, json};

use super::text::{in_one_line, time};

/// Prints an intent's story.
pub(super) async fn show(
    connection: &mut Connection,
    payment_intent_id: &str,
    json: bool,
) -> anyhow::Result<()> {
    let entries = tell(connection, payment_intent_id)
        .await?
        .with_context(|| format!("there is no intent {payment_intent_id}"))?;
    if json {
        let entries: Vec<Value> = entries.iter().map(as_json).collect();
        println!("{}", json!({ "payment_intent_id": payment_intent_id, "entries": entries }));
        return Ok(());
    }
    println!("{payment_intent_id}");
    for entry in &entries {
        let kind = entry.kind.replace('_', " ");
        println!("{}  {kind:<17}  {}", time(entry.at), in_one_line(&entry.detail));
    }
    Ok(())
}

fn as_json(entry: &StoryEntry) -> Value {
    json!({ "at": entry.at, "kind": entry.kind, "detail": entry.detail })
}
