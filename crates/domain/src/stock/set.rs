use schema::{Connection, queries::stock};

use super::{StockError, check_reason, variant_id_of};

/// Sets what can be sold to what was counted; returns what could be sold before. Reserved units are not part of it.
pub async fn set_stock(
    connection: &mut Connection,
    sku: &str,
    available: i32,
    reason: &str,
) -> Result<i32, StockError> {
    check_reason(reason)?;
    if available < 0 {
        return Err(StockError::OutOfBounds);
    }
    schema::transaction(connection, async |connection| {
        let variant_ids = [variant_id_of(connection, sku).await?];
        let counted = stock::available_for_update(connection, &variant_ids).await?;
        stock::set_available(connection, &variant_ids, &[available], reason).await?;
        Ok(counted.first().map_or(0, |(_, before)| *before))
    })
    .await
}
