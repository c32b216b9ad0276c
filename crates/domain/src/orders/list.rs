use std::{collections::HashMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use schema::{Connection, queries::order_history};
use uuid::Uuid;

use super::{Order, OrderLine, OrderSummary};

/// Where a page of orders ended: `<microseconds>-<order id>`, opaque to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    created_at: DateTime<Utc>,
    order_id: Uuid,
}

impl Cursor {
    pub(super) const fn at(created_at: DateTime<Utc>, order_id: Uuid) -> Self {
        Self { created_at, order_id }
    }

    pub(super) const fn place(self) -> (DateTime<Utc>, Uuid) {
        (self.created_at, self.order_id)
    }
}

/// A text that no page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor that this list has given out")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.created_at.timestamp_micros(), self.order_id.simple())
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (micros, order_id) = text.split_once('-').ok_or(NotACursor)?;
        let micros: i64 = micros.parse().or(Err(NotACursor))?;
        let created_at = DateTime::from_timestamp_micros(micros).ok_or(NotACursor)?;
        Ok(Self { created_at, order_id: order_id.parse().or(Err(NotACursor))? })
    }
}

/// A page of orders; `next_cursor` fetches the one after it, if there is one.
#[derive(Debug, Clone)]
pub struct OrderPage {
    pub orders: Vec<Order>,
    pub next_cursor: Option<Cursor>,
}

/// The user's orders, newest first. `limit` is the caller's to bound.
pub async fn list(
    connection: &mut Connection,
    user_id: &str,
    limit: u16,
    cursor: Option<Cursor>,
) -> Result<OrderPage, schema::Error> {
    let one_more = i64::from(limit) + 1;
    let mut rows: Vec<OrderSummary> = match cursor {
        None => order_history::newest_of_user(connection, user_id, one_more).await?,
        Some(Cursor { created_at, order_id }) => {
            order_history::of_user_before(connection, user_id, (created_at, order_id), one_more).await?
        }
    };
    let has_more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let last = rows.last().filter(|_| has_more);
    let next_cursor = last.map(|row| Cursor { created_at: row.created_at, order_id: row.id });
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut lines: HashMap<Uuid, Vec<OrderLine>> = HashMap::new();
    for line in order_history::lines_of(connection, &ids).await? {
        lines.entry(line.order_id).or_default().push(line);
    }
    let orders = rows
        .into_iter()
        .map(|summary| Order { lines: lines.remove(&summary.id).unwrap_or_default(), summary })
        .collect();
    Ok(OrderPage { orders, next_cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let cursor = Cursor {
            created_at: DateTime::from_timestamp_micros(1_764_000_000_123_456).unwrap(),
            order_id: Uuid::from_u128(7),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for garbage in ["", "x", "1-2", "99999999999999999999-00000000000000000000000000000007"] {
            assert_eq!(garbage.parse::<Cursor>(), Err(NotACursor), "{garbage}");
        }
    }
}
