//! What people see and do, in a real browser.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking where it did")]

mod accessibility;
mod confirmation;
mod console;
mod following;
mod operators;
mod shop;
