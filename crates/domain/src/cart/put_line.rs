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
        let offer = catalogue::offer_to_cart(connection, cart.cart_id, variant_id).await?;
        let offer = offer.ok_or(PutLineError::UnknownVariant)?;
        if !offer.is_active {
            return Err(PutLineError::VariantUnavailable);
        }
        if offer.other_lines >= LINES_MAX {
            return Err(PutLineError::TooManyLines);
        }
        let (id, price) = (cart.cart_id, offer.unit_price_minor);
        let grown =
            carts::put_line_and_grow_version_if_changed(connection, id, variant_id, quantity, price).await?;
        let version = grown.unwrap_or(cart.version);
        Ok(with_lines(connection, cart.cart_id, version).await?)
    })
    .await
}
