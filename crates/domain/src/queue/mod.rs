//! The queue's protocol: enqueue, claim, extend, settle, rescue. `docs/job-queue.md` tells it in words.

pub mod backoff;
mod enqueue;
mod figures;
mod hold;
mod lease;
mod line;
mod rescue;
mod retention;
mod settle;
mod trace;
mod wake;

pub(crate) use enqueue::new_job;
pub use enqueue::{Enqueue, enqueue, enqueue_all};
pub use figures::{Figures, figures};
pub(crate) use hold::lock_if_held;
pub(crate) use lease::FenceBatch;
pub use lease::{Lease, WorkerId, claim, extend, return_unstarted};
pub use line::{Line, Look};
pub use rescue::{RESCUED_MAX, Rescue, RescuedJob, rescue_stale};
pub use retention::{Retention, RetentionPass};
pub use settle::{Outcome, RetryPolicy, Settled, complete, give_up, settle, snooze};
pub use trace::{TraceContext, current_trace_context};
pub use wake::Waker;
