#![doc = include_str!("../README.md")]

mod answer;
mod app;
mod desk;
mod handlers;
mod judge;
mod language;
mod metrics;
mod pages;
mod preference;
mod refusal;
mod routes;
mod words;

pub use app::Application;
