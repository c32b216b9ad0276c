//! Payments, orders and stock as operators find them, with the rights of the console, on a real Postgres.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod orders;
mod payments;
mod stock;
mod world;
