//! How attempts end that have not settled their job themselves.

use std::time::{Duration, Instant};

use domain::{
    Error,
    queue::{self, Lease, Outcome, Settled},
};

use crate::{context::Context, held::Held, metrics::Ending, outage::Outage};

/// The pause after a decision that could not be written; doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Writes what was decided about a job, for as long as its lease holds and at most for the length of one: who lives through
/// an outage shorter than that has not crashed. A decision that cannot be written is made again by whoever rescues the
/// job.
pub(crate) async fn settle(context: &Context, held: &Held, outcome: Outcome) {
    match &outcome {
        Outcome::Retry { error } => tracing::warn!(error, "attempt failed"),
        Outcome::GiveUp { reason } => tracing::error!(reason, "job is given up"),
        Outcome::Done | Outcome::Snooze { .. } => {}
    }
    let last_try = Instant::now() + context.lease;
    let mut outage = Outage::of("an attempt's outcome");
    let mut pause = FIRST_PAUSE;
    loop {
        match write(context, &held.lease, outcome.clone()).await {
            Ok(settled) => {
                outage.succeeded();
                if settled == Settled::LeaseLost {
                    tracing::warn!("the lease was lost; nothing was written");
                }
                return context.metrics.ended(held, Ending::from(settled));
            }
            Err(error) => outage.failed(&error),
        }
        if Instant::now() + pause > last_try
            || held.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none()
        {
            break;
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
    tracing::warn!("the attempt's outcome could not be written; the job is left to the reaper");
    context.metrics.ended(held, Ending::LeaseLost);
}

async fn write(context: &Context, lease: &Lease, outcome: Outcome) -> Result<Settled, Error> {
    let mut connection = context.work.connection().await?;
    queue::settle(&mut connection, lease, outcome, context.retry, rand::random()).await
}

/// Gives jobs back that had no effect yet, with their attempt. Those that cannot be given back are rescued.
pub(crate) async fn return_unstarted(context: &Context, jobs: Vec<Held>) {
    if jobs.is_empty() {
        return;
    }
    let leases: Vec<Lease> = jobs.iter().map(|held| (*held.lease).clone()).collect();
    let returned = async {
        let mut connection = context.control.connection().await?;
        queue::return_unstarted(&mut connection, &context.worker_id, &leases).await
    };
    let returned = returned.await.unwrap_or_else(|error| {
        tracing::warn!(%error, "unstarted jobs are left to the reaper");
        Vec::new()
    });
    tracing::info!(returned = returned.len(), claimed = jobs.len(), "gave jobs back");
    for held in &jobs {
        let is_returned = returned.contains(&held.lease.job_id);
        context.metrics.ended(held, if is_returned { Ending::Returned } else { Ending::LeaseLost });
    }
    context.waker.job_enqueued();
}
