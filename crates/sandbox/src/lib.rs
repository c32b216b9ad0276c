#![doc = include_str!("../README.md")]

mod actions;
mod amount;
mod clock;
mod control;
mod deliveries;
mod esewa;
mod faults;
mod html;
mod identifiers;
mod identity;
mod khalti;
mod ledger;
mod modes;
mod pages;
mod payment;
mod provider;
mod routes;
mod server;
mod settings;
mod shop;
mod sign_in;
mod state;
mod transitions;
mod vocabulary;

pub use server::Sandbox;
pub use settings::SandboxSettings;
