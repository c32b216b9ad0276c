#![doc = include_str!("../README.md")]

#[macro_use]
mod statement;

pub mod error;
pub mod migrations;
pub mod notifications;
pub mod pool;
pub mod print;
pub mod queries;
mod schema;
mod silence;
mod tls;
mod transaction;

pub use error::Error;
pub use pool::{Pool, PoolSettings, PooledConnection};
pub use transaction::{FromSchema, check_deferred_constraints, transaction};

/// One connection to Postgres. Query functions take the caller's; a use case owns the transaction.
pub type Connection = diesel_async::AsyncPgConnection;
