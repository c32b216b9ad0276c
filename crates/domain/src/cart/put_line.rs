use schema::{
    Connection, FromSchema,
    queries::{carts, catalogue},
};

use super::{Cart, LINES_MAX, QUANTITY_MAX, locked, with_lines};
use crate::text::can_be_stored;

/// Why a line was not put into a cart.
#[derive(Debug, thiserror::Error)]
pub enum PutLineError {
    #[error("a quantity is 1 to {QUANTITY_MAX}")]
    InvalidQuantity,
    #[error("a cart has at most {LINES_MAX} lines")]
    TooManyLines,
    #[error("there is no such variant")]
    UnknownVariant,
    #[error("the variant is not for sale")]
    VariantUnavailable,
    #[error(transparent)]
    Database(#[from] schema::Error),
}

impl FromSchema for PutLineError {
    fn schema_error(&self) -> Option<&schema::Error> {
        match self {
            Self::Database(error) => Some(error),
            Self::InvalidQuantity | Self::TooManyLines | Self::UnknownVariant | Self::VariantUnavailable => {
                None
            }
        }
    }
}

/// Sets how many of a variant the cart holds, at the price the catalogue shows at this moment. Stock is not asked:
/// checkout does that.
pub async fn put_line(
    connection: &mut Connection,
    user_id: &str,
    variant_id: &str,
    quantity: i32,
) -> Result<Cart, PutLineError> {
    if !(1..=QUANTITY_MAX).contains(&quantity) {
        return Err(PutLineError::InvalidQuantity);
    }
    if !can_be_stored(variant_id) {
        return Err(PutLineError::UnknownVariant);
    }
    schema::transaction(connection, async |connection| {
        let cart = locked(connection, user_id).await?;
        let offer = catalogue::offer(connection, variant_id).await?.ok_or(PutLineError::UnknownVariant)?;
        if !offer.is_active {
            return Err(PutLineError::VariantUnavailable);
        }
        if carts::count_other_lines(connection, cart.cart_id, variant_id).await? >= LINES_MAX {
            return Err(PutLineError::TooManyLines);
        }
        let price = offer.unit_price_minor;
        let changed =
            carts::put_line_if_changed(connection, cart.cart_id, variant_id, quantity, price).await?;
        let version =
            if changed { carts::grow_version(connection, cart.cart_id).await? } else { cart.version };
        Ok(with_lines(connection, cart.cart_id, version).await?)
    })
    .await
}
