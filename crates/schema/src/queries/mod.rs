//! Queries by noun, one statement a function.

pub mod finalize;
pub mod intent_sweeps;
pub mod jobs;
pub mod leases;
pub mod payment_intents;
pub mod queue_figures;
pub mod reservations;
pub mod review_cases;
pub mod verifications;
