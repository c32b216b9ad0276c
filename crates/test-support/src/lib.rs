#![doc = include_str!("../README.md")]

mod database;
mod keeper;
mod server;
mod template;

pub use database::TestDatabase;
