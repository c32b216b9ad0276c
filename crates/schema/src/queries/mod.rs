//! Queries by noun, one statement a function.

pub mod carts;
pub mod catalogue;
pub mod client_status;
pub mod idempotency_keys;
pub mod order_history;
pub mod payment_intents;
pub mod stock;
