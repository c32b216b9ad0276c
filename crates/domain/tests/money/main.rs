//! Every road of money after something went wrong, on a real Postgres, with the sandbox as the gateways.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod answered_keys;
mod ask_again;
mod checkouts;
mod decided_twice;
mod options;
mod privileges;
mod refunds;
mod resolutions;
mod second_payments;
mod situations;
mod status_columns;
mod status_table;
mod story;
mod together;
mod verified_after;
mod world;
