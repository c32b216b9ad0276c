//! What a lookup's answer means.

use domain::payments::gateway::{Answer, Question};

use super::refusal;
use crate::{evidence::phrase, http::Reply, literals::Literals};

/// Reads an answer to `asked`.
///
/// A known status for our own `pidx` counts whatever the HTTP code is: Khalti answers 400 with a complete body for
/// payments that were cancelled or ran out. Without it, nothing is known, and a payment is never lost to a code.
pub(super) fn read(reply: &Reply, asked: &Question) -> Answer {
    let body = Literals::parse(&reply.body).ok();
    let ours = |body: &&Literals| body.string("pidx").is_some_and(|pidx| pidx == asked.gateway_reference);
    let word = body.as_ref().filter(ours).and_then(|body| body.string("status"));
    if let (Some(body), Some(word)) = (&body, word) {
        match meaning(body, &word, asked) {
            Some(answer) => return answer,
            None if reply.is_success() || reply.status == 400 => {
                return Answer::UnheardOf { word: phrase(&word) };
            }
            None => {}
        }
    }
    if reply.refuses_our_key() {
        return Answer::Unknown { reason: refusal::of_our_key(reply.status, body.as_ref()) };
    }
    let reason = match body {
        None => format!("Khalti answered HTTP {} without a JSON object", reply.status),
        Some(body) if body.string("status").is_some() => "Khalti's answer is about another pidx".to_owned(),
        Some(body) => format!("Khalti answered HTTP {}: {}", reply.status, refusal::in_words(&body)),
    };
    Answer::Unknown { reason }
}

/// The documented words, in any case: the documentation itself spells one of them in two ways.
fn meaning(body: &Literals, word: &str, asked: &Question) -> Option<Answer> {
    let transaction_id = body.filled("transaction_id");
    let reference = asked.gateway_reference.clone();
    let with_amount = |answer: fn(Option<String>, i64, String) -> Answer| match amount_minor(body) {
        Some(amount_minor) => answer(transaction_id, amount_minor, reference),
        None => Answer::Unknown { reason: "Khalti's total_amount is not a number of paisa".to_owned() },
    };
    let answer = match word.trim().to_ascii_lowercase().as_str() {
        // Money has gone back although the word does not say so: a person looks, nothing is shipped.
        "completed" if body.is_true("refunded") => with_amount(partially_refunded),
        "completed" => with_amount(paid),
        "refunded" => with_amount(refunded),
        "partially refunded" => with_amount(partially_refunded),
        "pending" | "initiated" => Answer::Undecided { word: phrase(word) },
        "expired" | "user canceled" | "user cancelled" | "failed" | "canceled" | "cancelled" => {
            Answer::Unpaid { word: phrase(word) }
        }
        _ => return None,
    };
    Some(answer)
}

fn paid(transaction_id: Option<String>, amount_minor: i64, reference: String) -> Answer {
    Answer::Paid { transaction_id, amount_minor, reference }
}

fn refunded(transaction_id: Option<String>, amount_minor: i64, _reference: String) -> Answer {
    Answer::Refunded { transaction_id, amount_minor }
}

fn partially_refunded(transaction_id: Option<String>, amount_minor: i64, _reference: String) -> Answer {
    Answer::PartiallyRefunded { transaction_id, amount_minor }
}

/// Whole paisa; a fraction is accepted where it is nothing but zeros.
fn amount_minor(body: &Literals) -> Option<i64> {
    let literal = body.text("total_amount")?;
    let (whole, fraction) = literal.split_once('.').unwrap_or((&literal, "0"));
    let plain = whole.bytes().all(|digit| digit.is_ascii_digit());
    let exact = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    if plain && exact { whole.parse().ok() } else { None }
}
