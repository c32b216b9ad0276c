//! How attempts end that have not settled their job themselves.

use std::time::Duration;

use domain::{
    Error,
    queue::{self, Lease, Outcome, Settled},
};

use crate::{context::Context, held::Held, metrics::Ending};

/// Times a decision is written before it is left to the reaper.
const TRIES_MAX: u32 = 5;
/// The pause before the second; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Writes what was decided about a job, for as long as its lease holds and at most five times. A decision that cannot
/// be written is made again by whoever rescues the job.
pub(crate) async fn settle(context: &Context, held: &Held, outcome: Outcome) {
    match &outcome {
        Outcome::Retry { error } => tracing::warn!(error, "attempt failed"),
        Outcome::GiveUp { reason } => tracing::error!(reason, "job is given up"),
        Outcome::Done | Outcome::Snooze { .. } => {}
    }
    let mut pause = FIRST_PAUSE;
    for _ in 0..TRIES_MAX {
        match write(context, &held.lease, outcome.clone()).await {
            Ok(settled) => {
                if settled == Settled::LeaseLost {
                    tracing::warn!("the lease was lost; nothing was written");
                }
                return context.metrics.ended(held, Ending::from(settled));
            }
            Err(error) => tracing::warn!(%error, "outcome could not be written"),
        }
        if held.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            break;
        }
        pause *= 2;
    }
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
