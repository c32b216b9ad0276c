//! The queue's figures. Every replica exports the same table: dashboards take the maximum, never the sum.

use std::{collections::HashSet, time::Duration};

use domain::{
    Error,
    queue::{self, Figures},
};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{context::Context, lanes, outage::Outage};

/// How often the queue is counted.
const INTERVAL: Duration = Duration::from_secs(3);
/// The states that are counted; finished jobs are history.
const STATES: [&str; 3] = ["pending", "processing", "failed"];

/// Counts until stopped.
pub(crate) async fn sample(context: &Context, stop: &CancellationToken) {
    let mut outage = Outage::of("counting the queue");
    // Types once seen stay on the page with a zero, so that a gauge never freezes at its last value.
    let mut job_types: HashSet<String> = lanes::JOB_TYPES.iter().map(|name| (*name).to_owned()).collect();
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match read(context).await {
            Ok(figures) => {
                outage.succeeded();
                job_types.extend(figures.counts.iter().map(|count| count.job_type.clone()));
                job_types.extend(figures.due.iter().map(|due| due.job_type.clone()));
                show(context, &job_types, &figures);
            }
            Err(error) => outage.failed(&error),
        }
    }
}

async fn read(context: &Context) -> Result<Figures, Error> {
    queue::figures(&mut *context.control.connection().await?).await
}

fn show(context: &Context, job_types: &HashSet<String>, figures: &Figures) {
    for job_type in job_types {
        for state in STATES {
            let same = figures.counts.iter().find(|c| c.job_type == *job_type && c.status == state);
            context.metrics.jobs(job_type, state, same.map_or(0, |count| count.count));
        }
        let due = figures.due.iter().find(|due| due.job_type == *job_type);
        let (count, oldest_seconds) = due.map_or((0, 0.0), |due| (due.count, due.oldest_seconds));
        context.metrics.due(job_type, count, oldest_seconds);
        let expired = figures.expired_leases.iter().find(|(name, _)| name == job_type);
        context.metrics.expired_leases(job_type, expired.map_or(0, |(_, count)| *count));
    }
}
