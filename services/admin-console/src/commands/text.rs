//! Values as people read them on a terminal.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `name=value` for what is known; nested values as JSON. Control characters never reach the terminal: callbacks
/// are strangers' words.
pub(super) fn in_one_line(detail: &Value) -> String {
    let Value::Object(fields) = detail else { return detail.to_string() };
    let known = fields.iter().filter(|(_, value)| !value.is_null());
    let pairs = known.map(|(name, value)| match value {
        Value::String(text) => format!("{name}={}", printable(text)),
        other => format!("{name}={other}"),
    });
    pairs.collect::<Vec<_>>().join(" ")
}

fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{FFFD}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_strangers_words_can_not_steer_the_terminal() {
        let detail = json!({ "raw_payload": "a=\u{1b}[2J\nb", "reason": null, "amount_minor": 5, "answer": { "a": 1 } });
        assert_eq!(
            in_one_line(&detail),
            "amount_minor=5 answer={\"a\":1} raw_payload=a=\u{FFFD}[2J\u{FFFD}b"
        );
    }
}
