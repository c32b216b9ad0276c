#![doc = include_str!("../README.md")]

mod database;
pub mod factories;
mod keeper;
mod server;
mod template;
mod without;

pub use database::TestDatabase;
