//! The gateways' wire formats, seen from outside: published vectors, forged and odd returns, and every answer of
//! fake gateways that speak HTTP over plain TCP.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod esewa_form;
mod esewa_properties;
mod esewa_returns;
mod esewa_status;
mod fake;
mod khalti_initiate;
mod khalti_lookup;
mod khalti_refund;
mod khalti_returns;
mod settings;
mod signed;
mod transport;
mod vectors;
