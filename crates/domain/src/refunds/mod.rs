//! Refunds: money that goes back through the gateway's own call, asked for once and believed when looked up.

mod refund_payment;
mod request;
mod schedule;

pub use refund_payment::{RefundPaymentError, RefundRun, refund_payment};
pub use request::RefundTerms;
pub(crate) use request::{RequestRefund, owe_refund_jobs, write_refunds};
