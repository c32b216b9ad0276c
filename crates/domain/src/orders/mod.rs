//! Orders: how verified payments become them.

pub mod finalize;
mod order_number;
mod plan;

pub use order_number::OrderNumber;
