#![doc = include_str!("../README.md")]

mod app;
mod commands;
mod door;
mod metrics;
mod pages;
mod problems;
mod routes;
mod view;

pub use app::Application;
pub use commands::{Arguments, run};
