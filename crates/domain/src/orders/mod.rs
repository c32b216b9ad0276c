//! A shopper's own orders.

mod get;
mod list;

pub use get::get;
pub use list::{Cursor, NotACursor, OrderPage, list};
pub use schema::queries::order_history::{OrderLineRow as OrderLine, OrderRow as OrderSummary};

/// An order with its lines.
#[derive(Debug, Clone)]
pub struct Order {
    pub summary: OrderSummary,
    pub lines: Vec<OrderLine>,
}
