//! Carts and their lines. Whoever changes a line holds the cart's row.

use std::collections::HashMap;

use diesel::{
    ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl, Queryable,
    Selectable, SelectableHelper,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    Connection, Error,
    schema::{cart_items, carts, inventory, product_variants, products},
};

/// A cart without its lines.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = carts)]
pub struct Cart {
    pub cart_id: Uuid,
    pub version: i64,
    pub round: i32,
}

/// A line with what the catalogue and the stock say of it at this moment.
#[derive(Debug, Clone, Queryable)]
pub struct CartLine {
    pub variant_id: String,
    pub sku: String,
    pub vendor_id: String,
    pub product_name: String,
    pub title: String,
    pub quantity: i32,
    /// The price the shopper was shown.
    pub unit_price_minor: i64,
    pub catalogue_price_minor: i64,
    pub variant_is_active: bool,
    pub product_is_active: bool,
    /// `None` where stock was never counted.
    pub available: Option<i32>,
}

/// The user's cart, if there ever was one.
pub async fn of_user(connection: &mut Connection, user_id: &str) -> Result<Option<Cart>, Error> {
    let row = carts::table
        .filter(carts::user_id.eq(user_id))
        .select(Cart::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row)
}

/// The user's cart, locked.
pub async fn of_user_for_update(connection: &mut Connection, user_id: &str) -> Result<Option<Cart>, Error> {
    let row = carts::table
        .filter(carts::user_id.eq(user_id))
        .select(Cart::as_select())
        .for_no_key_update()
        .first(connection)
        .await
        .optional()?;
    Ok(row)
}

statement! {
    LockFreeCarts<'a> { user_ids: &'a [&'a str] } -> (Text, SqlUuid, BigInt, Integer);
    "SELECT c.user_id, c.cart_id, c.version, c.round FROM carts c
      WHERE c.user_id = ANY (" (user_ids as Array<Text>) ")
      ORDER BY c.cart_id FOR NO KEY UPDATE SKIP LOCKED"
}

/// The carts of these users by `user_id`, locked. A cart that somebody else has locked is not among them.
pub async fn of_users_for_update_unless_locked(
    connection: &mut Connection,
    user_ids: &[&str],
) -> Result<HashMap<String, Cart>, Error> {
    let rows: Vec<(String, Uuid, i64, i32)> = LockFreeCarts { user_ids }.load(connection).await?;
    let cart = |(user_id, cart_id, version, round)| (user_id, Cart { cart_id, version, round });
    Ok(rows.into_iter().map(cart).collect())
}

/// Makes the user's cart unless there is one. `false`: there was one.
pub async fn insert_if_absent(connection: &mut Connection, user_id: &str) -> Result<bool, Error> {
    let inserted = diesel::insert_into(carts::table)
        .values(carts::user_id.eq(user_id))
        .on_conflict(carts::user_id)
        .do_nothing()
        .execute(connection)
        .await?;
    Ok(inserted == 1)
}

/// The cart's lines in the order they were added.
pub async fn lines(connection: &mut Connection, cart_id: Uuid) -> Result<Vec<CartLine>, Error> {
    let rows = cart_items::table
        .inner_join(product_variants::table.inner_join(products::table))
        .left_join(inventory::table.on(inventory::variant_id.eq(cart_items::variant_id)))
        .filter(cart_items::cart_id.eq(cart_id))
        .order((cart_items::created_at, cart_items::variant_id))
        .select((
            cart_items::variant_id,
            product_variants::sku,
            products::vendor_id,
            products::name,
            product_variants::title,
            cart_items::quantity,
            cart_items::unit_price_minor,
            product_variants::unit_price_minor,
            product_variants::is_active,
            products::is_active,
            inventory::available.nullable(),
        ))
        .load(connection)
        .await?;
    Ok(rows)
}

statement! {
    LinesOfCarts<'a> { cart_ids: &'a [Uuid] }
        -> (SqlUuid, (Text, Text, Text, Text, Text, Integer, BigInt, BigInt, Bool, Bool, Nullable<Integer>));
    "SELECT ci.cart_id, ci.variant_id, v.sku, p.vendor_id, p.name, v.title, ci.quantity, ci.unit_price_minor,
            v.unit_price_minor, v.is_active, p.is_active, i.available
       FROM cart_items ci
       JOIN product_variants v ON v.variant_id = ci.variant_id
       JOIN products p ON p.product_id = v.product_id
       LEFT JOIN inventory i ON i.variant_id = ci.variant_id
      WHERE ci.cart_id = ANY (" (cart_ids as Array<SqlUuid>) ")
      ORDER BY ci.created_at, ci.variant_id"
}

/// The lines of several carts, each cart's in the order they were added.
pub async fn lines_of_carts(
    connection: &mut Connection,
    cart_ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<CartLine>>, Error> {
    let rows: Vec<(Uuid, CartLine)> = LinesOfCarts { cart_ids }.load(connection).await?;
    let mut lines: HashMap<Uuid, Vec<CartLine>> = HashMap::new();
    for (cart_id, line) in rows {
        lines.entry(cart_id).or_default().push(line);
    }
    Ok(lines)
}

statement! {
    PutLine<'a> { cart_id: Uuid, variant_id: &'a str, quantity: i32, unit_price_minor: i64 } -> BigInt;
    "WITH put AS (
         INSERT INTO cart_items (cart_id, variant_id, quantity, unit_price_minor)
         VALUES (" (cart_id as SqlUuid) ", " (variant_id as Text) ", " (quantity as Integer) ", "
                   (unit_price_minor as BigInt) ")
         ON CONFLICT (cart_id, variant_id) DO UPDATE
            SET quantity = excluded.quantity, unit_price_minor = excluded.unit_price_minor
          WHERE (cart_items.quantity, cart_items.unit_price_minor)
                IS DISTINCT FROM (excluded.quantity, excluded.unit_price_minor)
         RETURNING variant_id
     )
     UPDATE carts SET version = version + 1, updated_at = now()
      WHERE cart_id = " (cart_id as SqlUuid) " AND EXISTS (SELECT FROM put)
     RETURNING version"
}

/// Adds the line or replaces its quantity and price, and counts that; returns the cart's version after it. `None`: it was
/// so already, and nothing was written.
pub async fn put_line_and_grow_version_if_changed(
    connection: &mut Connection,
    cart_id: Uuid,
    variant_id: &str,
    quantity: i32,
    unit_price_minor: i64,
) -> Result<Option<i64>, Error> {
    let put = PutLine { cart_id, variant_id, quantity, unit_price_minor };
    Ok(put.get_result(connection).await.optional()?)
}

/// Takes the variant out. `false`: it was not in the cart.
pub async fn delete_line(
    connection: &mut Connection,
    cart_id: Uuid,
    variant_id: &str,
) -> Result<bool, Error> {
    let deleted = diesel::delete(cart_items::table.find((cart_id, variant_id))).execute(connection).await?;
    Ok(deleted == 1)
}

statement! {
    RepriceLines { cart_id: Uuid } -> diesel::sql_types::Untyped;
    "UPDATE cart_items ci SET unit_price_minor = v.unit_price_minor
       FROM product_variants v
      WHERE ci.cart_id = " (cart_id as SqlUuid) " AND v.variant_id = ci.variant_id
        AND ci.unit_price_minor <> v.unit_price_minor"
}

/// Gives every line the catalogue's price; returns how many lines that changed.
pub async fn reprice_lines_if_changed(connection: &mut Connection, cart_id: Uuid) -> Result<usize, Error> {
    Ok(RepriceLines { cart_id }.execute(connection).await?)
}

// Runs with every change of a cart: Diesel's own UPDATE is prepared anew at each call.
statement! {
    GrowVersion { cart_id: Uuid } -> BigInt;
    "UPDATE carts SET version = version + 1, updated_at = now() WHERE cart_id = " (cart_id as SqlUuid) "
     RETURNING version"
}

/// Counts a change of the cart's lines; returns its version after it.
pub async fn grow_version(connection: &mut Connection, cart_id: Uuid) -> Result<i64, Error> {
    Ok(GrowVersion { cart_id }.get_result(connection).await?)
}
