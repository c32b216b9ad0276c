//! checkout-api through real sockets: the `Application` that `main` starts, a database per test, a fake of the outside
//! world where Khalti would be.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails by panicking"
)]

mod cart;
mod catalogue;
mod contention;
mod idempotency;
mod intents;
mod khalti;
mod orders;
mod refusals;
mod server;
mod status;
mod supersede;
