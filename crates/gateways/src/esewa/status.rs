//! What the status check's answer means.

use domain::{
    money::paisa_from_rupees,
    payments::gateway::{Answer, Question},
};

use crate::{evidence::phrase, http::Reply, literals::Literals};

/// The two spellings of the answer's fields that are in the field.
struct Names {
    reference: [&'static str; 2],
    product_code: [&'static str; 2],
    amount: [&'static str; 2],
    transaction: [&'static str; 2],
}

const NAMES: Names = Names {
    reference: ["transaction_uuid", "pid"],
    product_code: ["product_code", "scd"],
    amount: ["total_amount", "totalAmount"],
    transaction: ["ref_id", "refId"],
};

/// Reads an answer to `asked`. An answer about another payment or merchant is no answer.
pub(super) fn read(reply: &Reply, asked: &Question, product_code: &str) -> Answer {
    let unknown = |reason: String| Answer::Unknown { reason };
    if !reply.is_success() {
        return unknown(format!("eSewa answered HTTP {}", reply.status));
    }
    let Ok(body) = Literals::parse(&reply.body) else {
        return unknown("eSewa's answer is not a JSON object".to_owned());
    };
    let Some(word) = body.string("status") else {
        let said = body.string("error_message").unwrap_or_else(|| "nothing else".to_owned());
        return unknown(format!("eSewa gave no status, but said: {}", phrase(&said)));
    };
    let either = |names: [&str; 2]| names.into_iter().find_map(|name| body.filled(name));
    let Some(reference) = either(NAMES.reference).filter(|uuid| *uuid == asked.gateway_reference) else {
        return unknown("eSewa's answer is about another transaction_uuid".to_owned());
    };
    if either(NAMES.product_code).as_deref() != Some(product_code) {
        return unknown("eSewa's answer is about another product_code".to_owned());
    }
    let transaction_id = either(NAMES.transaction);
    let amount = || {
        let literal = either(NAMES.amount).unwrap_or_default().replace(',', "");
        paisa_from_rupees(&literal).map_err(|error| unknown(phrase(&error.to_string())))
    };
    let meant = match word.as_str() {
        "COMPLETE" => amount().map(|amount_minor| Answer::Paid { transaction_id, amount_minor, reference }),
        "FULL_REFUND" => amount().map(|amount_minor| Answer::Refunded { transaction_id, amount_minor }),
        "PARTIAL_REFUND" => {
            amount().map(|amount_minor| Answer::PartiallyRefunded { transaction_id, amount_minor })
        }
        "PENDING" | "AMBIGUOUS" => Ok(Answer::Undecided { word }),
        "CANCELED" => Ok(Answer::Unpaid { word }),
        "NOT_FOUND" => Ok(Answer::NotFound),
        _ => Ok(Answer::UnheardOf { word: phrase(&word) }),
    };
    let (Ok(answer) | Err(answer)) = meant;
    answer
}
