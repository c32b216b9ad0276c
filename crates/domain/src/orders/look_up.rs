//! Orders as operators see them: all of them, without the address.

use chrono::{DateTime, Utc};
pub use schema::queries::order_list::{ListedOrder, SoldLine, StockMovement};
use schema::{Connection, Error, queries::order_list};
use uuid::Uuid;

use super::Cursor;
use crate::text::can_be_stored;

/// Orders on one page at most.
pub const ORDERS_PER_PAGE_MAX: u16 = 100;
/// Movements of stock shown with an order: two or three a line.
const MOVEMENTS_MAX: i64 = 500;

/// A page of orders; `next_cursor` fetches the one after it, if there is one.
#[derive(Debug, Clone)]
pub struct ListedOrders {
    pub orders: Vec<ListedOrder>,
    pub next_cursor: Option<Cursor>,
}

/// An order, what was bought from whom, and how its stock moved.
#[derive(Debug, Clone)]
pub struct OrderFile {
    pub order: ListedOrder,
    pub lines: Vec<SoldLine>,
    /// Oldest first.
    pub movements: Vec<StockMovement>,
}

/// Orders, newest first: all, or a user's.
pub async fn list_all(
    connection: &mut Connection,
    user_id: Option<&str>,
    limit: u16,
    cursor: Option<Cursor>,
) -> Result<ListedOrders, Error> {
    let limit = limit.clamp(1, ORDERS_PER_PAGE_MAX);
    let place = cursor.map_or((DateTime::<Utc>::MAX_UTC, Uuid::max()), |cursor| cursor.place());
    let one_more = i64::from(limit) + 1;
    let mut orders = match user_id {
        Some(user_id) if !can_be_stored(user_id) => Vec::new(),
        Some(user_id) => order_list::newest_of_user_before(connection, user_id, place, one_more).await?,
        None => order_list::newest_before(connection, place, one_more).await?,
    };
    let has_more = orders.len() > usize::from(limit);
    orders.truncate(usize::from(limit));
    let last = orders.last().filter(|_| has_more);
    let next_cursor = last.map(|last| Cursor::at(last.created_at, last.id));
    Ok(ListedOrders { orders, next_cursor })
}

/// One order; `None`: there is none of this number.
pub async fn open_file(connection: &mut Connection, order_number: &str) -> Result<Option<OrderFile>, Error> {
    if !can_be_stored(order_number) {
        return Ok(None);
    }
    let Some(order) = order_list::find(connection, order_number).await? else { return Ok(None) };
    let lines = order_list::lines_of(connection, order.id).await?;
    let movements =
        order_list::movements_of_intent(connection, &order.payment_intent_id, MOVEMENTS_MAX).await?;
    Ok(Some(OrderFile { order, lines, movements }))
}
