use schema::{Connection, queries::order_history};

use super::Order;
use crate::text::can_be_stored;

/// The user's order of this number; `None` also where it is somebody else's.
pub async fn get(
    connection: &mut Connection,
    user_id: &str,
    order_number: &str,
) -> Result<Option<Order>, schema::Error> {
    if !can_be_stored(order_number) {
        return Ok(None);
    }
    let Some(summary) = order_history::of_user_by_number(connection, user_id, order_number).await? else {
        return Ok(None);
    };
    let lines = order_history::lines_of(connection, &[summary.id]).await?;
    Ok(Some(Order { summary, lines }))
}
