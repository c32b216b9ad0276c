//! The leases this process holds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::queue::Lease;
use tokio_util::sync::CancellationToken;

/// Every lease of this process, for the heartbeat.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeldLeases {
    entries: Arc<Mutex<HashMap<i64, Entry>>>,
}

#[derive(Debug)]
struct Entry {
    lease: Arc<Lease>,
    /// By our monotonic clock, counted from before the statement was sent: never later than the database's.
    deadline: Instant,
    stop: CancellationToken,
}

/// A job in hand. Dropping it lets go of the lease: no heartbeat extends it any more.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) lease: Arc<Lease>,
    /// Before the claim was sent.
    pub(crate) claimed_at: Instant,
    /// Cancelled when the lease is lost, or when a stopping worker's grace is over.
    pub(crate) stop: CancellationToken,
    leases: HeldLeases,
}

impl Held {
    /// Whether a worker died with this job in hand: it may have been the reason.
    pub(crate) fn is_suspect(&self) -> bool {
        self.lease.crash_count > 0
    }
}

impl HeldLeases {
    /// Takes a claimed lease into the heartbeat's care. `stop` is cancelled for all leases of a process at once.
    pub(crate) fn hold(
        &self,
        lease: Lease,
        claimed_at: Instant,
        length: Duration,
        stop: &CancellationToken,
    ) -> Held {
        let lease = Arc::new(lease);
        let stop = stop.child_token();
        let entry = Entry { lease: Arc::clone(&lease), deadline: claimed_at + length, stop: stop.clone() };
        if let Some(earlier) = self.entries().insert(lease.job_id, entry) {
            // Rescued and claimed anew while its first run still waits: two runs would ask side by side.
            earlier.stop.cancel();
        }
        Held { lease, claimed_at, stop, leases: self.clone() }
    }

    pub(crate) fn all(&self) -> Vec<Arc<Lease>> {
        self.entries().values().map(|entry| Arc::clone(&entry.lease)).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.entries().len()
    }

    /// Takes a heartbeat's answer: leases that are still ours live until `deadline`, the others are lost.
    pub(crate) fn extended(&self, asked_for: &[Arc<Lease>], still_held: &[i64], deadline: Instant) {
        let mut entries = self.entries();
        for lease in asked_for {
            // Settled meanwhile, or claimed anew: the answer is about an earlier lease.
            let Some(entry) =
                entries.get_mut(&lease.job_id).filter(|entry| entry.lease.lease_no == lease.lease_no)
            else {
                continue;
            };
            if still_held.contains(&lease.job_id) {
                entry.deadline = deadline;
            } else {
                entry.stop.cancel();
            }
        }
    }

    /// Stops whoever runs a lease that may have run out unnoticed because no heartbeat got through.
    pub(crate) fn stop_overdue(&self, now: Instant) {
        for entry in self.entries().values().filter(|entry| entry.deadline <= now) {
            entry.stop.cancel();
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<i64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut entries = self.leases.entries();
        let is_this =
            entries.get(&self.lease.job_id).is_some_and(|entry| entry.lease.lease_no == self.lease.lease_no);
        if is_this {
            entries.remove(&self.lease.job_id);
        }
    }
}
