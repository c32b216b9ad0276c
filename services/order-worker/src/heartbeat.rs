//! One statement a process and tick extends every lease it holds.

use std::time::Instant;

use domain::queue;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{context::Context, outage::Outage};

/// Heartbeats a lease: two may be lost before it runs out.
const BEATS_PER_LEASE: u32 = 3;
/// Looks at the local deadlines a lease.
const LOOKS_PER_LEASE: u32 = 20;

/// Beats until stopped. Deadlines are watched apart, because a heartbeat can itself hang.
pub(crate) async fn beat(context: &Context, stop: &CancellationToken) {
    tokio::join!(extend_leases(context, stop), stop_overdue(context, stop));
}

async fn extend_leases(context: &Context, stop: &CancellationToken) {
    let mut outage = Outage::of("heartbeat");
    let mut ticks = interval(context.lease / BEATS_PER_LEASE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let held = context.held.all();
        if held.is_empty() {
            continue;
        }
        let sent_at = Instant::now();
        let extended = async {
            let mut connection = context.control.connection().await?;
            queue::extend(&mut connection, &context.worker_id, held.iter().map(|l| &**l), context.lease).await
        };
        match extended.await {
            Ok(still_held) => {
                outage.succeeded();
                context.held.extended(&held, &still_held, sent_at + context.lease);
            }
            Err(error) => outage.failed(&error),
        }
    }
}

async fn stop_overdue(context: &Context, stop: &CancellationToken) {
    let mut ticks = interval(context.lease / LOOKS_PER_LEASE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        context.held.stop_overdue(Instant::now());
    }
}
