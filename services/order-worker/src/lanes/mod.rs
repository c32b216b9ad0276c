//! One lane a job type, so that slow gateways never keep an order waiting.

pub(crate) mod finalize_order;
pub(crate) mod refund_payment;
mod slots;
pub(crate) mod verify_payment;

use domain::jobs::{FinalizeOrder, Job, RefundPayment, VerifyPayment};

/// The types this worker runs; jobs of other types wait for a worker that knows them.
pub(crate) const JOB_TYPES: [&str; 3] =
    [FinalizeOrder::JOB_TYPE, VerifyPayment::JOB_TYPE, RefundPayment::JOB_TYPE];
