//! Orders: how verified payments become them, and how their shoppers see them.

pub mod finalize;
mod get;
mod list;
pub mod look_up;
mod order_number;
mod plan;

pub use get::get;
pub use list::{Cursor, NotACursor, OrderPage, list};
pub use order_number::OrderNumber;
pub use schema::queries::order_history::{OrderLineRow as OrderLine, OrderRow as OrderSummary};

/// An order with its lines.
#[derive(Debug, Clone)]
pub struct Order {
    pub summary: OrderSummary,
    pub lines: Vec<OrderLine>,
}
