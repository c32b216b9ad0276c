//! The queue under stress, and its fences: whatever a worker does after its lease, nothing changes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod door;
mod fences;
mod late_writes;
mod leases;
mod lines;
mod stress;
mod sweeps;
mod till;
mod world;
