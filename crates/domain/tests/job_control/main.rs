//! The queue in operators' hands, with the rights of the console, on a real Postgres.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod acts;
mod lists;
mod retry_many;
mod world;
