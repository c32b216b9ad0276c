//! payment-callback over HTTP: a database of its own for every test, the sandbox as the outside world, and the
//! service as `main` starts it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails by panicking"
)]

mod bad_callbacks;
mod failures;
mod following;
mod languages;
mod odd_answers;
mod operations;
mod pages;
mod returns;
mod shop;
mod webhooks;
mod world;
