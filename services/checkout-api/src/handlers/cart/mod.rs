//! The shopper's cart.

mod delete_item;
mod get;
mod put_item;

pub(crate) use delete_item::{__path_delete_item, delete_item};
pub(crate) use get::{__path_get, get};
pub(crate) use put_item::{__path_put_item, put_item};

use domain::cart::{Cart, CartLine};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CartBody {
    cart_id: Uuid,
    /// Send it with the order intent: a cart that has changed since is not paid for.
    version: i64,
    currency: &'static str,
    /// The sum of the quantities.
    item_count: i64,
    subtotal_minor: i64,
    items: Vec<CartItemBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CartItemBody {
    variant_id: String,
    sku: String,
    product_name: String,
    title: String,
    quantity: i32,
    unit_price_minor: i64,
    line_total_minor: i64,
    /// May be less than the quantity; checkout refuses then.
    available: i32,
}

impl From<Cart> for CartBody {
    fn from(cart: Cart) -> Self {
        Self {
            cart_id: cart.cart_id,
            version: cart.version,
            currency: cart.currency,
            item_count: cart.item_count(),
            subtotal_minor: cart.subtotal_minor(),
            items: cart.lines.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<CartLine> for CartItemBody {
    fn from(line: CartLine) -> Self {
        Self {
            line_total_minor: line.line_total_minor(),
            variant_id: line.variant_id,
            sku: line.sku,
            product_name: line.product_name,
            title: line.title,
            quantity: line.quantity,
            unit_price_minor: line.unit_price_minor,
            available: line.available,
        }
    }
}
