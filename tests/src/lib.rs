#![doc = include_str!("../README.md")]

mod answer;
mod binaries;
mod books;
mod checkout;
pub mod fault_proxy;
mod filling;
mod guard;
mod http;
mod pipeline;
mod ports;
mod program;
mod sandbox_control;
mod service;
mod settings;
mod shopper;

pub use answer::Answer;
pub use binaries::{run, run_to_end, start};
pub use books::{Differences, compare_books};
pub use checkout::{Checkout, Provider};
pub use filling::{Filled, Filling, fill};
pub use http::client as http_client;
pub use pipeline::{Pipeline, PipelineOptions};
pub use program::Program;
pub use sandbox_control::SandboxControl;
pub use service::Signal;
pub use settings::complete_environment;
pub use shopper::Shopper;
