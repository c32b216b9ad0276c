//! From a cart to a payment at a gateway.

mod answer;
mod create;
mod idempotency_key;

pub(crate) use answer::{OrderIntentBody, write_answer};
pub(crate) use create::{__path_create, create};
