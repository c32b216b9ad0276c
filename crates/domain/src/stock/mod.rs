//! Stock changed by people: deliveries and counts, each with its reason.

pub mod look_up;
mod receive;
mod set;

pub use receive::receive_stock;
pub use set::set_stock;

use schema::{Connection, FromSchema, queries::catalogue};

/// Why a count was not changed.
#[derive(Debug, thiserror::Error)]
pub enum StockError {
    #[error("no variant has the sku `{0}`")]
    UnknownSku(String),
    #[error("a reason has 1 to 500 characters")]
    InvalidReason,
    #[error("stock is counted from 0 to {max}", max = i32::MAX)]
    OutOfBounds,
    #[error(transparent)]
    Database(#[from] schema::Error),
}

impl FromSchema for StockError {
    fn schema_error(&self) -> Option<&schema::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::UnknownSku(_) | Self::InvalidReason | Self::OutOfBounds => None,
        }
    }
}

fn check_reason(reason: &str) -> Result<(), StockError> {
    let is_bounded = (1..=500).contains(&reason.chars().count());
    if is_bounded && !reason.trim().is_empty() { Ok(()) } else { Err(StockError::InvalidReason) }
}

async fn variant_id_of(connection: &mut Connection, sku: &str) -> Result<String, StockError> {
    let known = catalogue::variants_by_sku_or_id(connection, &[sku.to_owned()], &[]).await?;
    let variant = known.into_iter().next().ok_or_else(|| StockError::UnknownSku(sku.to_owned()))?;
    Ok(variant.variant_id)
}
