#![doc = include_str!("../README.md")]

pub mod audit;
pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod client_status;
pub mod grants;
pub mod intents;
pub mod invariants;
pub mod job_control;
pub mod jobs;
pub mod money;
pub mod nepal_time;
pub mod operators;
pub mod orders;
pub mod overview;
pub mod payments;
pub mod queue;
pub mod readiness;
pub mod refunds;
pub mod review;
mod spacing;
pub mod stock;
pub mod story;
mod text;

pub use schema::{Connection, Error, Pool, PoolSettings, PooledConnection, migrations, notifications, pool};
