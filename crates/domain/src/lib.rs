#![doc = include_str!("../README.md")]

pub mod intents;
pub mod jobs;
pub mod money;

pub mod orders;
pub mod payments;
pub mod queue;
pub mod readiness;

pub use schema::{Connection, Error, Pool, PoolSettings, PooledConnection, migrations, notifications, pool};
