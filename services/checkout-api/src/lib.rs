#![doc = include_str!("../README.md")]

mod app;
mod error;
mod handlers;
mod metrics;
mod openapi;
mod routes;

pub use app::Application;
pub use openapi::document as openapi_document;
