#![doc = include_str!("../README.md")]

mod app;
mod attempt;
mod claimer;
mod context;
mod figures;
mod heartbeat;
mod held;
mod lanes;
mod metrics;
mod outage;
mod pools;
mod pulse;
mod settling;
mod wake_ups;

pub use app::Application;
