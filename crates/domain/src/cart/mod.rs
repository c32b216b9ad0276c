//! The shopper's cart: one a user, for ever. Every write holds the cart's row and grows its version if it changed
//! anything.

mod delete_line;
mod get;
mod put_line;

pub use delete_line::delete_line;
pub use get::get;
pub use put_line::{PutLineError, put_line};

use schema::{Connection, queries::carts};
use uuid::Uuid;

/// Lines in one cart at most.
pub const LINES_MAX: i64 = 100;
/// Units on one line at most.
pub const QUANTITY_MAX: i32 = 999;

/// A cart as the shopper sees it. Amounts are at the prices the shopper was shown.
#[derive(Debug, Clone)]
pub struct Cart {
    pub cart_id: Uuid,
    pub version: i64,
    pub currency: &'static str,
    pub lines: Vec<CartLine>,
}

/// One line of a cart.
#[derive(Debug, Clone)]
pub struct CartLine {
    pub variant_id: String,
    pub sku: String,
    pub product_name: String,
    pub title: String,
    pub quantity: i32,
    pub unit_price_minor: i64,
    /// Units that can still be reserved; may be less than `quantity`.
    pub available: i32,
}

impl CartLine {
    pub fn line_total_minor(&self) -> i64 {
        i64::from(self.quantity).saturating_mul(self.unit_price_minor)
    }
}

impl Cart {
    /// Units in the cart.
    pub fn item_count(&self) -> i64 {
        self.lines.iter().map(|line| i64::from(line.quantity)).sum()
    }

    pub fn subtotal_minor(&self) -> i64 {
        self.lines.iter().map(CartLine::line_total_minor).sum()
    }
}

async fn with_lines(connection: &mut Connection, cart_id: Uuid, version: i64) -> Result<Cart, schema::Error> {
    let rows = carts::lines(connection, cart_id).await?;
    let lines = rows.into_iter().map(|row| CartLine {
        variant_id: row.variant_id,
        sku: row.sku,
        product_name: row.product_name,
        title: row.title,
        quantity: row.quantity,
        unit_price_minor: row.unit_price_minor,
        available: row.available.unwrap_or(0),
    });
    Ok(Cart { cart_id, version, currency: crate::money::CURRENCY, lines: lines.collect() })
}

/// The user's cart, locked until the transaction ends; made if there was none.
async fn locked(connection: &mut Connection, user_id: &str) -> Result<carts::Cart, schema::Error> {
    if let Some(cart) = carts::of_user_for_update(connection, user_id).await? {
        return Ok(cart);
    }
    carts::insert_if_absent(connection, user_id).await?;
    let cart = carts::of_user_for_update(connection, user_id).await?;
    cart.ok_or_else(|| schema::Error::Defect("a cart that was just made is not there".to_owned()))
}
