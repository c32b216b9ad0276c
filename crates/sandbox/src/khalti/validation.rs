use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};
use url::Url;

use super::json_answer;
use crate::faults::Answer;

const AMOUNT_MINOR_MIN: i64 = 1_000;
const MERCHANT_PREFIX: &str = "merchant_";

/// An initiation that Khalti would accept.
#[derive(Debug)]
pub(super) struct Initiation {
    pub(super) return_url: String,
    pub(super) amount_minor: i64,
    pub(super) purchase_order_id: String,
    pub(super) purchase_order_name: String,
    /// The merchant's free `merchant_*` texts, given back with the answer.
    pub(super) merchant_fields: Map<String, Value>,
}

/// Checks every field and reports all refusals in one body, as Khalti does.
pub(super) fn checked(body: &Value) -> Result<Initiation, Answer> {
    let mut refusals = Map::new();
    let return_url = url_field(body, "return_url", &mut refusals);
    url_field(body, "website_url", &mut refusals);
    let purchase_order_id = text_field(body, "purchase_order_id", &mut refusals);
    let purchase_order_name = text_field(body, "purchase_order_name", &mut refusals);
    let amount_minor = amount_field(body, &mut refusals);
    if !refusals.is_empty() {
        refusals.insert("error_key".to_owned(), json!("validation_error"));
        return Err(json_answer(StatusCode::BAD_REQUEST, &Value::Object(refusals)));
    }
    let merchant_fields = body.as_object().into_iter().flatten();
    let merchant_fields = merchant_fields
        .filter(|(name, _)| name.starts_with(MERCHANT_PREFIX))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(Initiation { return_url, amount_minor, purchase_order_id, purchase_order_name, merchant_fields })
}

fn refuse(refusals: &mut Map<String, Value>, field: &str, message: &str) {
    refusals.insert(field.to_owned(), json!([message]));
}

fn text_field(body: &Value, field: &str, refusals: &mut Map<String, Value>) -> String {
    match body.get(field) {
        None => refuse(refusals, field, "This field is required."),
        Some(Value::String(text)) if text.trim().is_empty() => {
            refuse(refusals, field, "This field may not be blank.");
        }
        Some(Value::String(text)) => return text.clone(),
        Some(Value::Number(number)) => return number.to_string(),
        Some(Value::Null) => refuse(refusals, field, "This field may not be null."),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            refuse(refusals, field, "Not a valid string.");
        }
    }
    String::new()
}

fn url_field(body: &Value, field: &str, refusals: &mut Map<String, Value>) -> String {
    let text = text_field(body, field, refusals);
    let valid = Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !valid && !refusals.contains_key(field) {
        refuse(refusals, field, "Enter a valid URL.");
    }
    text
}

fn amount_field(body: &Value, refusals: &mut Map<String, Value>) -> i64 {
    let Some(value) = body.get("amount") else {
        refuse(refusals, "amount", "This field is required.");
        return 0;
    };
    let Some(amount_minor) = integer(value) else {
        refuse(refusals, "amount", "A valid integer is required.");
        return 0;
    };
    if amount_minor < AMOUNT_MINOR_MIN {
        refuse(refusals, "amount", "Amount should be greater than Rs. 10, that is 1000 paisa.");
    } else if !breakdown_adds_up(body, amount_minor) {
        refuse(refusals, "amount", "Amount Breakdown mismatch.");
    }
    amount_minor
}

/// Khalti takes integers also as text, but never a fraction.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn breakdown_adds_up(body: &Value, amount_minor: i64) -> bool {
    let Some(lines) = body.get("amount_breakdown").and_then(Value::as_array) else { return true };
    let sum = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(integer(line.get("amount")?)?));
    sum == Some(amount_minor)
}
