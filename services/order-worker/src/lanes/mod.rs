//! One lane a job type, so that slow gateways never keep an order waiting.

pub(crate) mod finalize_order;
pub(crate) mod verify_payment;

use domain::jobs::{FinalizeOrder, Job, VerifyPayment};

/// The types this worker runs; jobs of other types wait for a worker that knows them.
pub(crate) const JOB_TYPES: [&str; 2] = [FinalizeOrder::JOB_TYPE, VerifyPayment::JOB_TYPE];
