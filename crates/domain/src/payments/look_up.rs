//! Payments as operators look them up.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
pub use schema::queries::payment_list::{ListedPayment, SnapshotLine};
use schema::{Connection, Error, queries::payment_list};

use crate::text::can_be_stored;

/// Payments on one page, and found by one search, at most.
pub const PAYMENTS_PER_PAGE_MAX: u16 = 100;

/// Where a page of payments ended: `<microseconds>-<payment intent id>`, opaque to callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    created_at: DateTime<Utc>,
    payment_intent_id: String,
}

/// A text that no page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor that this list has given out")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.created_at.timestamp_micros(), self.payment_intent_id)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (micros, id) = text.split_once('-').ok_or(NotACursor)?;
        let micros: i64 = micros.parse().or(Err(NotACursor))?;
        let created_at = DateTime::from_timestamp_micros(micros).ok_or(NotACursor)?;
        if !can_be_stored(id) {
            return Err(NotACursor);
        }
        Ok(Self { created_at, payment_intent_id: id.to_owned() })
    }
}

/// A page of payments; `next_cursor` fetches the one after it, if there is one.
#[derive(Debug, Clone)]
pub struct PaymentPage {
    pub payments: Vec<ListedPayment>,
    pub next_cursor: Option<Cursor>,
}

/// A payment and what it is for.
#[derive(Debug, Clone)]
pub struct Payment {
    pub summary: ListedPayment,
    pub lines: Vec<SnapshotLine>,
}

/// The payments that the gateway is still asked about, newest first.
pub async fn list_followed(
    connection: &mut Connection,
    limit: u16,
    cursor: Option<&Cursor>,
) -> Result<PaymentPage, Error> {
    let limit = limit.clamp(1, PAYMENTS_PER_PAGE_MAX);
    // No id comes after this one: ids begin with a letter.
    let place = cursor
        .map_or((DateTime::<Utc>::MAX_UTC, "~"), |cursor| (cursor.created_at, &cursor.payment_intent_id));
    let mut payments = payment_list::newest_followed_before(connection, place, i64::from(limit) + 1).await?;
    let has_more = payments.len() > usize::from(limit);
    payments.truncate(usize::from(limit));
    let last = payments.last().filter(|_| has_more);
    let next_cursor = last.map(|last| Cursor {
        created_at: last.created_at,
        payment_intent_id: last.payment_intent_id.clone(),
    });
    Ok(PaymentPage { payments, next_cursor })
}

/// Payments of an intent's id, an order's number, a gateway's reference or transaction, or a user: the newest
/// `PAYMENTS_PER_PAGE_MAX`.
pub async fn search(connection: &mut Connection, text: &str) -> Result<Vec<ListedPayment>, Error> {
    let text = text.trim();
    if text.is_empty() || !can_be_stored(text) {
        return Ok(Vec::new());
    }
    payment_list::search(connection, text, i64::from(PAYMENTS_PER_PAGE_MAX)).await
}

/// One payment; `None`: there is none of this id.
pub async fn find(connection: &mut Connection, payment_intent_id: &str) -> Result<Option<Payment>, Error> {
    if !can_be_stored(payment_intent_id) {
        return Ok(None);
    }
    let Some(summary) = payment_list::find(connection, payment_intent_id).await? else { return Ok(None) };
    let lines = payment_list::lines_of(connection, payment_intent_id).await?;
    Ok(Some(Payment { summary, lines }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let cursor = Cursor {
            created_at: DateTime::from_timestamp_micros(1_764_000_000_123_456).unwrap(),
            payment_intent_id: "pi_esewa_a".to_owned(),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for garbage in ["", "x", "x-pi", "99999999999999999999-pi", "1-\0"] {
            assert_eq!(garbage.parse::<Cursor>(), Err(NotACursor), "{garbage}");
        }
    }
}
