use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use schema::{
    Pool,
    notifications::{Channel, notify_telling},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A process sends at most one wake-up a channel in this time, whatever its load.
const WAKE_UP_DISTANCE: Duration = Duration::from_millis(5);
/// Intents that one wake-up names: they fit into the 8,000 bytes of a notification.
const NAMED_MAX: usize = 150;

/// Tells other processes that something is due or has changed, after COMMIT and apart from it.
///
/// Calls between two sends are one wake-up, and the last call is always followed by a send. A wake-up that
/// is lost costs one poll interval, nothing else.
#[derive(Debug, Clone, Default)]
pub struct Waker {
    job_queue: Arc<Notify>,
    payment_intents: Arc<Changed>,
}

/// The intents that changed since the last wake-up.
#[derive(Debug, Default)]
struct Changed {
    ids: Mutex<BTreeSet<String>>,
    bell: Notify,
}

impl Waker {
    /// A job that is due now was committed.
    pub fn job_enqueued(&self) {
        self.job_queue.notify_one();
    }

    /// An intent's status was committed.
    pub fn intent_changed(&self, payment_intent_id: &str) {
        self.payment_intents.add(payment_intent_id);
        self.payment_intents.bell.notify_one();
    }

    /// Sends wake-ups until stopped. Each process runs this once.
    pub async fn run(self, pool: Pool, stop: CancellationToken) {
        let job = || String::new();
        let intents = || told(&self.payment_intents.take());
        tokio::join!(
            send(&self.job_queue, Channel::JobQueue, job, &pool, &stop),
            send(&self.payment_intents.bell, Channel::PaymentIntents, intents, &pool, &stop),
        );
    }
}

impl Changed {
    fn add(&self, payment_intent_id: &str) {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        // More than can be named are told as everything: the one that is too many says so.
        if ids.len() <= NAMED_MAX {
            ids.insert(payment_intent_id.to_owned());
        }
    }

    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.ids.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The ids with commas between them; nothing where there are too many to name, which means any.
fn told(ids: &BTreeSet<String>) -> String {
    if ids.len() > NAMED_MAX {
        return String::new();
    }
    ids.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

async fn send(
    dirty: &Notify,
    channel: Channel,
    payload: impl Fn() -> String,
    pool: &Pool,
    stop: &CancellationToken,
) {
    while stop.run_until_cancelled(dirty.notified()).await.is_some() {
        let sent = async { notify_telling(&mut *pool.connection().await?, channel, &payload()).await };
        if let Err(error) = sent.await {
            tracing::debug!(%error, ?channel, "wake-up was not sent; pollers will see the change");
        }
        tokio::time::sleep(WAKE_UP_DISTANCE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_fit_are_named_and_one_more_means_any() {
        let changed = Changed::default();
        let id = |number: usize| format!("pi_khalti_{number:026}");
        (0..NAMED_MAX).for_each(|number| changed.add(&id(number)));
        let named = told(&changed.take());
        assert_eq!(named.split(',').count(), NAMED_MAX);
        assert!(named.len() < 8_000, "{}", named.len());
        (0..=NAMED_MAX).for_each(|number| changed.add(&id(number)));
        assert_eq!(told(&changed.take()), "");
        assert_eq!(told(&changed.take()), "");
    }
}
