//! What is kept of a gateway's words: enough to argue with it later, nothing that belongs to the payer alone.

use serde_json::{Map, Value, json};

/// Most of a body that is not JSON is a page of HTML; its head tells whose it is.
const TEXT_CHARS_MAX: usize = 2000;
/// Longest status word or message that goes into a reason.
const PHRASE_CHARS_MAX: usize = 300;
/// From this length on a row of digits in plain text may be a phone number.
const PHONE_DIGITS_MIN: usize = 7;
const MASK: &str = "[masked]";

/// The body for the record: its JSON with phone numbers masked, or `{"text": …}` capped where it is no JSON.
///
/// Holds no NUL character, which Postgres refuses in `jsonb`.
pub(crate) fn evidence(body: &[u8]) -> Value {
    match serde_json::from_slice(body) {
        Ok(value) => masked(value),
        Err(_) => json!({ "text": masked_text(&String::from_utf8_lossy(body)) }),
    }
}

/// A gateway's word or message, on one line and short enough for a log or a column.
pub(crate) fn phrase(text: &str) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).take(PHRASE_CHARS_MAX).collect()
}

fn masked(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().map(masked_field).collect::<Map<_, _>>()),
        Value::Array(values) => Value::Array(values.into_iter().map(masked).collect()),
        Value::String(text) => Value::String(without_nul(&text)),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

fn masked_field((name, value): (String, Value)) -> (String, Value) {
    let lower = name.to_ascii_lowercase();
    let is_phone = ["mobile", "phone", "msisdn"].iter().any(|word| lower.contains(word));
    let blank = value.is_null() || value == "";
    let kept = if is_phone && !blank { Value::from(MASK) } else { masked(value) };
    (without_nul(&name), kept)
}

/// Also a JSON body that was cut off ends here, so rows of digits are masked wherever they stand.
fn masked_text(text: &str) -> String {
    let mut kept = String::new();
    let mut digits = String::new();
    for letter in text.chars().take(TEXT_CHARS_MAX).chain(['\n']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        kept.push_str(if digits.len() >= PHONE_DIGITS_MIN { MASK } else { &digits });
        digits.clear();
        kept.push(letter);
    }
    kept.pop();
    without_nul(&kept)
}

fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_kept_with_phone_numbers_masked() {
        let kept = evidence(
            br#"{"status":"Completed","mobile":"9800000001","user":{"Phone":9800000001},"phone":""}"#,
        );
        let expected =
            json!({"status":"Completed","mobile":"[masked]","user":{"Phone":"[masked]"},"phone":""});
        assert_eq!(kept, expected);
    }

    #[test]
    fn what_is_not_json_is_kept_as_capped_text() {
        assert_eq!(evidence(b"<h1>403</h1>"), json!({"text": "<h1>403</h1>"}));
        assert_eq!(evidence(b""), json!({"text": ""}));
        let long = evidence("x".repeat(TEXT_CHARS_MAX + 1).as_bytes());
        assert_eq!(long["text"].as_str().map(str::len), Some(TEXT_CHARS_MAX));
    }

    #[test]
    fn a_phone_number_in_a_cut_off_body_is_masked() {
        assert_eq!(evidence(br#"{"mobile":"9800000001"#), json!({"text": "{\"mobile\":\"[masked]"}));
    }

    #[test]
    fn nul_characters_never_reach_the_database() {
        assert_eq!(evidence(br#"{"a\u0000":"b\u0000"}"#), json!({"a\u{FFFD}": "b\u{FFFD}"}));
        assert_eq!(evidence(b"a\0"), json!({"text": "a\u{FFFD}"}));
        assert_eq!(phrase(" a\0b\nc "), "abc");
    }
}
