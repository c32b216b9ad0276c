//! The business: carts, intents, payments, stock, orders, and the queue they meet in.

pub mod cart;
pub mod catalogue;
pub mod client_status;
pub mod money;
pub mod orders;
pub mod payments;
pub mod stock;

pub use schema::{Connection, Error as DatabaseError, Pool, PoolSettings, PooledConnection};
