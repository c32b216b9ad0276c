//! The business: carts, intents, payments, stock, orders, and the queue they meet in.

pub mod money;
pub mod payments;
