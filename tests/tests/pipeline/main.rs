//! The pipeline through its real binaries: services as processes, real Postgres, the sandbox for the outside world,
//! and nothing but HTTP and signals to drive them. Every scenario ends with the books compared.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by panicking where it did"
)]

mod actions;
mod bad_input;
mod books;
mod callbacks;
mod crashes;
mod forgeries;
mod frozen;
mod gate;
mod idempotency;
mod late_money;
mod modes;
mod outages;
mod purchases;
mod reads;
mod replicas;
mod rush;
mod settings;
mod undecided;
mod watchers;
mod webhooks;
mod world;
