//! The sweeps, alone and side by side, in process and as the binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod once;
mod running;
mod world;
