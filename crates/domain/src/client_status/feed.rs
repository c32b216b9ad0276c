//! One look at the database for everybody who follows a payment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use schema::{
    Pool, PoolSettings,
    notifications::{Channel, Listener},
    queries::client_status,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::PaymentStatus;

/// Payments followed in one process at most.
const WATCHED_MAX: usize = 10_000;
/// Payments looked at in one query.
const IDS_PER_QUERY_MAX: usize = 1000;
/// Looks follow each other at least this far apart, however many wake-ups come.
const PAUSE_BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// After a failure: how long until the database is tried again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How a feed reaches the database.
#[derive(Clone)]
pub struct FeedSettings {
    /// Where wake-ups are heard: one connection beside the pool.
    pub listener: PoolSettings,
    /// How long a change may go unseen when no wake-up comes.
    pub poll_interval: Duration,
}

impl FeedSettings {
    /// Looks every 250 ms while anybody watches.
    pub fn new(listener: PoolSettings) -> Self {
        Self { listener, poll_interval: Duration::from_millis(250) }
    }
}

/// More payments are being followed than one process cares to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{WATCHED_MAX} payments are being followed already")]
pub struct TooManyWatchers;

/// Follows one payment. Dropping it ends that.
#[derive(Debug)]
pub struct Watch {
    status: watch::Receiver<PaymentStatus>,
}

impl Watch {
    /// Where the payment stands.
    pub fn current(&mut self) -> PaymentStatus {
        self.status.borrow_and_update().clone()
    }

    /// Waits until it stands elsewhere. `None` when the feed has stopped.
    pub async fn changed(&mut self) -> Option<PaymentStatus> {
        self.status.changed().await.ok()?;
        Some(self.current())
    }
}

type Watched = HashMap<String, watch::Sender<PaymentStatus>>;

/// Tells many watchers of changes by one query for all of them, woken by the `payment_intents` channel or by time. A
/// database that is away makes it late, never wrong.
#[derive(Debug, Clone)]
pub struct StatusFeed {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    watched: Mutex<Watched>,
    /// Somebody began to watch, or something may have changed.
    look: Notify,
}

impl Shared {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StatusFeed {
    /// Starts the feed's two tasks; they end with the token.
    pub fn start(pool: Pool, settings: FeedSettings, shutdown: CancellationToken) -> Self {
        let shared = Arc::new(Shared::default());
        let listening = listen(Arc::clone(&shared), settings.listener);
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(listening));
        let looking = look(Arc::clone(&shared), pool, settings.poll_interval);
        let ended = Arc::clone(&shared);
        tokio::spawn(async move {
            shutdown.run_until_cancelled_owned(looking).await;
            // Without their sender, watchers learn that nothing more will come.
            ended.watched().clear();
        });
        Self { shared }
    }

    /// Follows a payment from where the caller saw it.
    ///
    /// # Errors
    /// Ten thousand payments are followed already.
    pub fn watch(&self, seen: PaymentStatus) -> Result<Watch, TooManyWatchers> {
        let mut watched = self.shared.watched();
        if watched.len() >= WATCHED_MAX && !watched.contains_key(&seen.payment_intent_id) {
            return Err(TooManyWatchers);
        }
        let id = seen.payment_intent_id.clone();
        let sender = watched.entry(id).or_insert_with(|| watch::Sender::new(seen));
        let status = sender.subscribe();
        drop(watched);
        self.shared.look.notify_one();
        Ok(Watch { status })
    }
}

/// Turns wake-ups of the database into looks, over as many connections as that takes.
async fn listen(shared: Arc<Shared>, settings: PoolSettings) {
    loop {
        match Listener::connect(&settings, Channel::PaymentIntents).await {
            Ok(mut listener) => {
                shared.look.notify_one();
                while listener.heard().await.is_ok() {
                    shared.look.notify_one();
                }
                tracing::warn!("wake-ups are not heard; statuses are found by looking");
            }
            Err(error) => tracing::debug!(%error, "cannot listen for wake-ups"),
        }
        tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
    }
}

async fn look(shared: Arc<Shared>, pool: Pool, poll_interval: Duration) {
    loop {
        let ids = watched_ids(&shared);
        if ids.is_empty() {
            shared.look.notified().await;
            continue;
        }
        if let Err(error) = publish_changes(&shared, &pool, &ids).await {
            tracing::warn!(%error, watched = ids.len(), "statuses cannot be looked up");
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            continue;
        }
        tokio::time::sleep(PAUSE_BETWEEN_LOOKS).await;
        // Passing the time without a wake-up is as good a reason to look as a wake-up.
        let _ = tokio::time::timeout(poll_interval, shared.look.notified()).await;
    }
}

/// Forgets payments that nobody follows any more; returns the others.
fn watched_ids(shared: &Shared) -> Vec<String> {
    let mut watched = shared.watched();
    watched.retain(|_, sender| sender.receiver_count() > 0);
    watched.keys().cloned().collect()
}

async fn publish_changes(shared: &Shared, pool: &Pool, ids: &[String]) -> Result<(), schema::Error> {
    for ids in ids.chunks(IDS_PER_QUERY_MAX) {
        let facts = client_status::facts_of(&mut *pool.connection().await?, ids).await?;
        let watched = shared.watched();
        for fact in facts {
            let status = PaymentStatus::try_from(fact)?;
            if let Some(sender) = watched.get(&status.payment_intent_id) {
                sender.send_if_modified(|known| {
                    let is_new = *known != status;
                    *known = status;
                    is_new
                });
            }
        }
    }
    Ok(())
}
