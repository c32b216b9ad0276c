//! The pages about jobs, payments, cases, orders and stock, and the same as JSON, over HTTP against a real database.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod jobs;
mod orders_and_stock;
mod payments;
mod server;
mod strangers;
mod viewers;
