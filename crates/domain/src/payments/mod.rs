//! Payments: the port to gateways, questions and what their answers change.

pub mod gateway;
