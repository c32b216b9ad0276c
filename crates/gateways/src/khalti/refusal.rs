//! Khalti's error bodies in words: field names with lists of messages, or a `detail`.

use crate::{evidence::phrase, literals::Literals};

/// Codes for programs, not words for people.
const NOT_MESSAGES: [&str; 2] = ["error_key", "status_code"];

/// `amount: Amount should be greater than …`, one after the other where there are several.
pub(super) fn in_words(body: &Literals) -> String {
    let spoken = |(field, message): (&str, String)| match field {
        "detail" => message,
        field => format!("{field}: {message}"),
    };
    let messages = body.messages().into_iter().filter(|(field, _)| !NOT_MESSAGES.contains(field));
    let words: Vec<_> = messages.map(spoken).collect();
    if words.is_empty() { "no reason given".to_owned() } else { phrase(&words.join("; ")) }
}

/// Logs the alarm as well: every payment fails until an operator acts, and no shopper can do anything about it.
pub(super) fn of_our_key(status: u16, body: Option<&Literals>) -> String {
    let said = body.map_or_else(|| "no reason given".to_owned(), in_words);
    tracing::error!(
        status,
        said,
        "Khalti refuses our key: check KHALTI__SECRET_KEY against KHALTI__BASE_URL"
    );
    format!(
        "Khalti refuses our key (HTTP {status}: {said}); check KHALTI__SECRET_KEY against KHALTI__BASE_URL"
    )
}
