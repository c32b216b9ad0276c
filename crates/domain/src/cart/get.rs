use schema::{Connection, queries::carts};

use super::{Cart, with_lines};

/// The user's cart. The first look makes it, so that its id and version are the ones every later write starts from;
/// every other look writes nothing.
pub async fn get(connection: &mut Connection, user_id: &str) -> Result<Cart, schema::Error> {
    let cart = match carts::of_user(connection, user_id).await? {
        Some(cart) => cart,
        None => {
            carts::insert_if_absent(connection, user_id).await?;
            let made = carts::of_user(connection, user_id).await?;
            made.ok_or_else(|| schema::Error::Defect("a cart that was just made is not there".to_owned()))?
        }
    };
    with_lines(connection, cart.cart_id, cart.version).await
}
