#![doc = include_str!("../README.md")]

mod app;
mod metrics;
mod once;
mod sweeps;
mod swept;

pub use app::Application;
pub use once::sweep_once;
