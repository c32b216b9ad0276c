//! What the rules, the dashboard and the runbook say, held against running services: every figure is really exported,
//! every query of the runbook runs, and real faults make real alerts fire in a real Prometheus.
//!
//! `make test-alerts` brings Prometheus along.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by panicking where it did"
)]

mod faults;
mod prometheus;
mod runbook;
mod scrape;
mod world;
