//! Queries by noun, one statement a function.

pub mod admin_grants;
pub mod audit_log;
pub mod callbacks;
pub mod carts;
pub mod catalogue;
pub mod client_status;
pub mod finalize;
pub mod idempotency_keys;
pub mod intent_sweeps;
pub mod jobs;
pub mod leases;
pub mod order_history;
pub mod overview;
pub mod payment_intents;
pub mod queue_figures;
pub mod refunds;
pub mod reservations;
pub mod review_cases;
pub mod stock;
pub mod story;
pub mod verifications;
