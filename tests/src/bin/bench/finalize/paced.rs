use std::time::{Duration, Instant};

use domain::queue::{Lease, Waker, WorkerId};
use schema::Connection;
use tokio::time::{MissedTickBehavior, interval};

use super::finalize_batch;

/// A worker whose commits are known to the moment.
pub(crate) struct Worker<'a> {
    pub(crate) connection: &'a mut Connection,
    pub(crate) worker_id: &'a WorkerId,
    pub(crate) waker: &'a Waker,
}

impl Worker<'_> {
    /// Makes the orders, `batch` of them a commit and one commit a `pace`, and wakes followers after each as
    /// order-worker does. Returns the intents and when they were committed.
    pub(crate) async fn make_orders(
        &mut self,
        leases: &[Lease],
        batch: usize,
        pace: Duration,
    ) -> anyhow::Result<Vec<(String, Instant)>> {
        let mut committed = Vec::with_capacity(leases.len());
        let mut ticks = interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for leases in leases.chunks(batch) {
            ticks.tick().await;
            let ids = finalize_batch(self.connection, self.worker_id, leases).await?;
            let at = Instant::now();
            ids.iter().for_each(|id| self.waker.intent_changed(id));
            committed.extend(ids.into_iter().map(|id| (id, at)));
        }
        Ok(committed)
    }
}
