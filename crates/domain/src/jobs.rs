//! What jobs carry. Anyone may enqueue these; their handlers are compiled into the worker only.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Work the pipeline owes someone, done outside the request that promised it.
pub trait Job: Serialize + DeserializeOwned {
    /// Written to `job_queue.job_type`. Never renamed: rows outlive deployments.
    const JOB_TYPE: &'static str;
    /// Written to `job_queue.priority`; smaller runs first.
    const PRIORITY: i32;
    /// Two live jobs with equal keys are one job.
    fn idempotency_key(&self) -> String;
}

/// Ask the gateway about an intent, again and again until nothing more is to be learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyPayment {
    pub payment_intent_id: String,
}

impl Job for VerifyPayment {
    const JOB_TYPE: &'static str = "verify_payment";
    const PRIORITY: i32 = 100;

    fn idempotency_key(&self) -> String {
        format!("{}:{}", Self::JOB_TYPE, self.payment_intent_id)
    }
}

/// Make the order of a verified intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinalizeOrder {
    pub payment_intent_id: String,
}

impl Job for FinalizeOrder {
    const JOB_TYPE: &'static str = "finalize_order";
    const PRIORITY: i32 = 10;

    fn idempotency_key(&self) -> String {
        format!("{}:{}", Self::JOB_TYPE, self.payment_intent_id)
    }
}

/// Give a payment back: ask its gateway once, then look until it says that the money went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundPayment {
    pub payment_intent_id: String,
}

impl Job for RefundPayment {
    const JOB_TYPE: &'static str = "refund_payment";
    const PRIORITY: i32 = 50;

    fn idempotency_key(&self) -> String {
        format!("{}:{}", Self::JOB_TYPE, self.payment_intent_id)
    }
}
