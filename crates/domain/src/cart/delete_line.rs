use schema::{Connection, queries::carts};

use super::{Cart, locked, with_lines};
use crate::text::can_be_stored;

/// Takes a variant out of the cart. One that is not in it changes nothing.
pub async fn delete_line(
    connection: &mut Connection,
    user_id: &str,
    variant_id: &str,
) -> Result<Cart, schema::Error> {
    schema::transaction(connection, async |connection| {
        let cart = locked(connection, user_id).await?;
        let changed =
            can_be_stored(variant_id) && carts::delete_line(connection, cart.cart_id, variant_id).await?;
        let version =
            if changed { carts::grow_version(connection, cart.cart_id).await? } else { cart.version };
        with_lines(connection, cart.cart_id, version).await
    })
    .await
}
