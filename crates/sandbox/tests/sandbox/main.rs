//! The sandbox over HTTP, as services, tests and browsers meet it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by panicking where it did"
)]

mod actions;
mod answer_faults;
mod control;
mod esewa_form;
mod esewa_returns;
mod esewa_status;
mod identity;
mod khalti_initiate;
mod khalti_lookup;
mod khalti_refund;
mod khalti_returns;
mod pages;
mod shop;
mod storefront_guide;
mod support;
