#![doc = include_str!("../README.md")]

pub mod auth;
pub mod health;
pub mod http;
mod run;
pub mod server;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod tls;

pub use run::run;
