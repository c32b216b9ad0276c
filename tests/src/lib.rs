#![doc = include_str!("../README.md")]

mod answer;
mod binaries;
mod checkout;
mod guard;
mod http;
mod pipeline;
mod ports;
mod program;
mod service;
mod settings;
mod shopper;

pub use answer::Answer;
pub use binaries::run_to_end;
pub use checkout::{Checkout, Provider};
pub use pipeline::{Pipeline, PipelineOptions};
pub use program::Program;
pub use service::Signal;
pub use shopper::Shopper;
