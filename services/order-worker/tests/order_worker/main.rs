//! The queue's protocol and the worker, against real Postgres and the sandbox's gateways.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod finalize;
mod leases;
mod quarantine;
mod questions;
mod queue;
mod shutdown;
mod support;
mod transitions;
mod worker;
