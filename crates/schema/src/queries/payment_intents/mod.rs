//! `payment_intents` and the history of what happened to them.

pub mod create;
pub mod create_group;
pub mod events;
pub mod read;
pub mod status;
