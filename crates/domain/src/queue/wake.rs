use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use schema::{
    Pool,
    notifications::{ANY, Channel, notify},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::spacing::Spacing;

/// A process's wake-ups on a channel keep this far apart: somebody waits for one that comes alone, and in a flood whoever is
/// woken has more to do than to listen.
const WAKE_UPS_APART: Spacing = Spacing::between(Duration::from_millis(1), Duration::from_millis(16));
/// Intents, or job types, that one wake-up names: they fit into the 8,000 bytes of a notification.
const NAMED_MAX: usize = 150;

/// Tells other processes that something is due or has changed, after COMMIT and apart from it.
///
/// Calls between two sends are one wake-up, and the last call is always followed by a send. A wake-up that
/// is lost costs one poll interval, nothing else.
#[derive(Debug, Clone, Default)]
pub struct Waker {
    job_queue: Arc<News>,
    payment_intents: Arc<News>,
}

/// What there is to tell since the last wake-up.
#[derive(Debug, Default)]
struct News {
    told: Mutex<Told>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Told {
    names: BTreeSet<String>,
    /// A name may be told more than once.
    count: usize,
}

impl Waker {
    /// A job of this type that is due now was committed.
    pub fn job_of_type_enqueued(&self, job_type: &str) {
        self.job_queue.add(job_type);
    }

    /// Jobs of any type that are due now were committed.
    pub fn job_enqueued(&self) {
        self.job_queue.add(ANY);
    }

    /// An intent's status was committed.
    pub fn intent_changed(&self, payment_intent_id: &str) {
        self.payment_intents.add(payment_intent_id);
    }

    /// Sends wake-ups until stopped. Each process runs this once.
    pub async fn run(self, pool: Pool, stop: CancellationToken) {
        tokio::join!(
            send(&self.job_queue, Channel::JobQueue, &pool, &stop),
            send(&self.payment_intents, Channel::PaymentIntents, &pool, &stop),
        );
    }
}

impl News {
    fn add(&self, name: &str) {
        let mut told = self.told();
        told.count += 1;
        // More than can be named are told as everything: the one that is too many says so.
        if told.names.len() <= NAMED_MAX {
            told.names.insert(name.to_owned());
        }
        drop(told);
        self.bell.notify_one();
    }

    /// How often something was added since the last wake-up.
    fn count(&self) -> usize {
        self.told().count
    }

    /// The names with commas between them; nothing where any is meant.
    fn take(&self) -> String {
        let Told { names, count: _ } = std::mem::take(&mut *self.told());
        if names.len() > NAMED_MAX || names.contains(ANY) {
            return ANY.to_owned();
        }
        names.iter().map(String::as_str).collect::<Vec<_>>().join(",")
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn send(news: &News, channel: Channel, pool: &Pool, stop: &CancellationToken) {
    let mut apart = WAKE_UPS_APART;
    while stop.run_until_cancelled(news.bell.notified()).await.is_some() {
        let told = news.take();
        let sent = async { notify(&mut *pool.connection().await?, channel, &told).await };
        if let Err(error) = sent.await {
            tracing::debug!(%error, ?channel, "wake-up was not sent; pollers will see the change");
        }
        tokio::time::sleep(apart.pause()).await;
        apart.have_come(news.count());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_fit_are_named_and_one_more_means_any() {
        let changed = News::default();
        let id = |number: usize| format!("pi_khalti_{number:026}");
        (0..NAMED_MAX).for_each(|number| changed.add(&id(number)));
        let named = changed.take();
        assert_eq!(named.split(',').count(), NAMED_MAX);
        assert!(named.len() < 8_000, "{}", named.len());
        (0..=NAMED_MAX).for_each(|number| changed.add(&id(number)));
        assert_eq!(changed.take(), ANY);
        assert_eq!(changed.take(), ANY);
    }

    #[test]
    fn any_is_more_than_the_types_beside_it() {
        let waker = Waker::default();
        waker.job_of_type_enqueued("verify_payment");
        waker.job_of_type_enqueued("finalize_order");
        waker.job_of_type_enqueued("finalize_order");
        assert_eq!(waker.job_queue.take(), "finalize_order,verify_payment");
        waker.job_of_type_enqueued("finalize_order");
        waker.job_enqueued();
        assert_eq!(waker.job_queue.take(), ANY);
    }
}
