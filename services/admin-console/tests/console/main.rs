//! The console as browsers and programs meet it: over HTTP, on a real database, with tokens of the sandbox.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod audit;
mod changes;
mod door;
mod grants;
mod overview;
mod world;
