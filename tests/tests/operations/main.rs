//! What operators rely on: roles, TLS, traces, restarts without loss, a line that says why. Run by
//! `make test-operations`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by panicking where it did"
)]

mod fail_over;
mod pooler;
mod readiness;
mod roles;
mod rolling;
mod rotation;
mod secured;
mod traces;
mod world;
