//! TLS to a server that speaks nothing else, and logins that may nothing else.

mod certificates;
mod refusals;
mod server;
mod whole;

pub(crate) use server::checkout;
