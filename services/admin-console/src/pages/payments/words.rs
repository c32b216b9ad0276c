//! A story's entries in words: what happened, and the facts beside it.

use chrono::{DateTime, Utc};
use domain::{money::Rupees, story::StoryEntry};
use serde_json::Value;

/// One thing that happened, as the page tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) at: DateTime<Utc>,
    pub(super) what: String,
    pub(super) facts: Vec<(String, String)>,
}

pub(super) fn told(entry: &StoryEntry) -> Told {
    Told { at: entry.at, what: what(entry), facts: facts(&entry.detail) }
}

fn what(entry: &StoryEntry) -> String {
    let of = |name: &str| entry.detail.get(name).and_then(Value::as_str).unwrap_or_default();
    match entry.kind.as_str() {
        "intent_made" => format!("The shopper chose to pay through {}", of("provider")),
        "callback_received" => format!("A browser or relay came back: {}", of("verdict")),
        "gateway_answered" => format!("The gateway answered: {}", of("outcome")),
        "status_changed" => format!("The payment became {}", of("to")),
        "payment_verified" => "The gateway says that money moved".to_owned(),
        "stock_moved" => format!("Stock moved: {}", of("reason")),
        "order_made" => format!("Order {} was made", of("order_number")),
        "case_opened" => format!("A review case was opened: {}", of("kind")),
        "case_resolved" => {
            format!("The review case was resolved: {} by {}", of("resolution"), of("resolved_by"))
        }
        "job_enqueued" => format!("Job {} was enqueued", of("job_type")),
        "operator_acted" => format!("{} acted: {}", of("operator"), of("action")),
        other => other.replace('_', " "),
    }
}

/// What is known, nested facts under their own names.
fn facts(detail: &Value) -> Vec<(String, String)> {
    let Value::Object(fields) = detail else { return Vec::new() };
    let known = fields.iter().filter(|(_, value)| !value.is_null());
    known
        .map(|(name, value)| (name.trim_end_matches("_minor").replace('_', " "), fact(name, value)))
        .collect()
}

fn fact(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if name.ends_with("_minor") => {
            number.as_i64().map_or_else(|| number.to_string(), |paisa| Rupees(paisa).to_string())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_told_with_what_is_known_and_amounts_as_people_write_them() {
        let detail = json!({ "reason": "reserved", "amount_minor": 12_500_000, "gone": null, "lines": [{ "sku": "a" }] });
        let entry = StoryEntry { at: DateTime::UNIX_EPOCH, kind: "stock_moved".to_owned(), detail };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let facts = vec![
            pair("amount", "Rs 1,25,000.00"),
            pair("lines", "[{\"sku\":\"a\"}]"),
            pair("reason", "reserved"),
        ];
        let expected = Told { at: DateTime::UNIX_EPOCH, what: "Stock moved: reserved".to_owned(), facts };
        assert_eq!(told(&entry), expected);
    }
}
