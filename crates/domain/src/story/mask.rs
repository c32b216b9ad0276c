//! What a callback or an answer carries about a person, hidden from whoever reads it.

use serde_json::Value;

const MASK: &str = "[masked]";
/// Parameters whose value belongs to the payer.
const PERSONAL: [&str; 6] = ["mobile", "phone", "msisdn", "email", "customer", "payer"];
/// Nepal's numbers have ten digits, with the country's code thirteen; ids of gateways have letters in them.
const PHONE_DIGITS_MIN: usize = 10;

/// Bodies as somebody else sent them.
const RAW: [&str; 2] = ["raw_payload", "gateway_reply"];
/// Values with somebody else's words in them: a number there may be a phone's.
const STRANGERS: [&str; 4] = ["raw_response", "answer", "evidence", "last_error"];

/// Replaces personal values and the phone numbers in strangers' words, wherever they stand in a row's JSON.
pub(crate) fn mask_personal(row: &mut Value) {
    let Value::Object(fields) = row else { return };
    for (name, value) in fields {
        match value {
            Value::String(body) if RAW.contains(&name.as_str()) => *body = masked(body),
            value if STRANGERS.contains(&name.as_str()) => mask_strangers(value),
            value => mask_personal(value),
        }
    }
}

/// Replaces personal values and phone numbers in what somebody else wrote.
pub(crate) fn mask_strangers(value: &mut Value) {
    match value {
        Value::String(text) => *text = without_phone_numbers(text),
        Value::Array(values) => values.iter_mut().for_each(mask_strangers),
        Value::Object(fields) => {
            for (name, value) in fields {
                if !value.is_null() && is_personal(name) {
                    *value = Value::String(MASK.to_owned());
                } else {
                    mask_strangers(value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_personal(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    PERSONAL.iter().any(|word| lower.contains(word))
}

/// A query, form or JSON body with personal values and phone numbers replaced.
pub(crate) fn masked(raw_payload: &str) -> String {
    let mut kept = String::with_capacity(raw_payload.len());
    // Queries and forms separate by `&`, flat JSON by `,`: what is between is one name and one value.
    for part in raw_payload.split_inclusive(['&', ',']) {
        let separator = part.chars().last().filter(|last| matches!(last, '&' | ','));
        let pair = part.strip_suffix(['&', ',']).unwrap_or(part);
        kept.push_str(&masked_pair(pair));
        kept.extend(separator);
    }
    kept
}

fn masked_pair(pair: &str) -> String {
    if let Some((name, _)) = pair.split_once(['=', ':'])
        && is_personal(name)
    {
        let separator = pair.chars().nth(name.chars().count()).unwrap_or('=');
        return format!("{name}{separator}{MASK}");
    }
    without_phone_numbers(pair)
}

/// A text with the phone numbers in it replaced.
pub(crate) fn without_phone_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_alphanumeric() {
            word.push(letter);
            continue;
        }
        let is_number = word.len() >= PHONE_DIGITS_MIN && word.bytes().all(|byte| byte.is_ascii_digit());
        kept.push_str(if is_number { MASK } else { &word });
        word.clear();
        kept.push(letter);
    }
    kept.pop();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payers_number_and_mail_are_masked_and_the_payment_stays() {
        let raw = "pidx=HT6o6PEZRWFJ5ygavzHWd5&amount=50000&mobile=98XXXXX904&email=a%40b.c&status=Completed";
        let kept = masked(raw);
        assert_eq!(
            kept,
            "pidx=HT6o6PEZRWFJ5ygavzHWd5&amount=50000&mobile=[masked]&email=[masked]&status=Completed"
        );
    }

    #[test]
    fn a_number_is_masked_wherever_it_stands() {
        assert_eq!(masked("note=call+9800000001"), "note=call+[masked]");
        assert_eq!(
            masked(r#"{"Phone":"98","status":"Completed","x":9800000001}"#),
            r#"{"Phone":[masked],"status":"Completed","x":[masked]}"#
        );
    }

    #[test]
    fn answers_and_errors_are_masked_wherever_they_stand_in_a_row() {
        let mut row = serde_json::json!({
            "payment_intent_id": "pi_1", "amount_minor": 12_345_678_901_i64, "portal_reference": "1234567890",
            "answer": { "pidx": "x", "customer": { "name": "Sita" }, "note": "call 9800000001", "mobile": null },
            "evidence": [{ "answer": { "user_phone": "98" } }],
            "last_error": "refused for 9800000001",
        });
        mask_personal(&mut row);
        assert_eq!(
            row,
            serde_json::json!({
                "payment_intent_id": "pi_1", "amount_minor": 12_345_678_901_i64, "portal_reference": "1234567890",
                "answer": { "pidx": "x", "customer": "[masked]", "note": "call [masked]", "mobile": null },
                "evidence": [{ "answer": { "user_phone": "[masked]" } }],
                "last_error": "refused for [masked]",
            })
        );
    }

    #[test]
    fn an_encoded_answer_stays_as_it_was_received() {
        assert_eq!(masked("data=eyJ0cmFuc2FjdGlvbl9jb2RlIjoi=="), "data=eyJ0cmFuc2FjdGlvbl9jb2RlIjoi==");
    }
}
