//! Which messages of a service belong to the flow that is looked at.

use std::sync::{Arc, Mutex, PoisonError};

use pipeline_tests::fault_proxy::Message;

/// Decides for one armed cut.
pub(crate) type Which = Arc<dyn Fn(&Message) -> bool + Send + Sync>;

/// What a service says whether or not there is anything to do: set-up, heartbeats, the queue's figures.
const BACKGROUND: [&str; 5] = [
    "SET statement_timeout",
    "LISTEN ",
    "UPDATE job_queue j SET locked_until",
    "count(*) FROM job_queue WHERE status = 'pending'",
    "min(run_at))::float8 FROM job_queue",
];
const CLAIM: &str = "WITH RECURSIVE level";
const WAKE_UP: &str = "pg_notify";
const RESCUE: &str = "requeue_stale_jobs";
/// What the reaper's other sweeps than expiry say; each is one statement without a transaction.
const OTHER_SWEEPS: [&str; 4] = [RESCUE, "INSERT INTO job_queue", "DELETE FROM", "WITH examined"];

fn is_of_a_flow(message: &Message) -> bool {
    message.executes && !is_one_of(message, &BACKGROUND)
}

fn is_one_of(message: &Message, texts: &[&str]) -> bool {
    texts.iter().any(|text| message.sql.contains(text))
}

/// Everything that a service says which works only when it is asked to.
pub(crate) fn requests() -> Which {
    Arc::new(is_of_a_flow)
}

/// One run of a job: its claim, and all that is not a claim. Other lanes look for work too, and so does this one
/// when its job is done.
pub(crate) fn job(job_type: &'static str) -> Which {
    let claim: Mutex<Option<Arc<[u8]>>> = Mutex::default();
    Arc::new(move |message| {
        if !is_of_a_flow(message) {
            return false;
        }
        if !message.sql.contains(CLAIM) {
            return true;
        }
        let mut claim = claim.lock().unwrap_or_else(PoisonError::into_inner);
        message.binds(job_type)
            && Arc::ptr_eq(claim.get_or_insert_with(|| Arc::clone(&message.bound)), &message.bound)
    })
}

/// The sweep that expires intents.
pub(crate) fn expiry() -> Which {
    Arc::new(|message| is_of_a_flow(message) && !is_one_of(message, &OTHER_SWEEPS))
}

/// The sweep that rescues jobs.
pub(crate) fn rescue() -> Which {
    Arc::new(|message| is_of_a_flow(message) && is_one_of(message, &[RESCUE, WAKE_UP]))
}
