use schema::{Connection, queries::stock};

use super::{StockError, check_reason, variant_id_of};

/// Adds a delivery to what can be sold; returns what can be sold after it.
pub async fn receive_stock(
    connection: &mut Connection,
    sku: &str,
    units: u32,
    reason: &str,
) -> Result<i32, StockError> {
    check_reason(reason)?;
    schema::transaction(connection, async |connection| {
        let variant_ids = [variant_id_of(connection, sku).await?];
        let counted = stock::available_for_update(connection, &variant_ids).await?;
        let before = counted.first().map_or(0, |(_, available)| *available);
        let after = before.checked_add_unsigned(units).ok_or(StockError::OutOfBounds)?;
        stock::set_available(connection, &variant_ids, &[after], reason).await?;
        Ok(after)
    })
    .await
}
