//! One look at the database for everybody who follows a payment.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use schema::{
    Pool, PoolSettings,
    notifications::{Channel, Listener},
    queries::client_status,
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::PaymentStatus;
use crate::spacing::Spacing;

/// Watches in one process at most.
const WATCHES_MAX: usize = 10_000;
/// Payments looked at in one query.
const IDS_PER_QUERY_MAX: usize = 1000;
/// Looks keep this far apart, however many wake-ups come.
const LOOKS_APART: Spacing = Spacing::between(Duration::from_millis(1), Duration::from_millis(16));
/// After a failure: how long until the database is tried again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How a feed reaches the database.
#[derive(Clone)]
pub struct FeedSettings {
    /// Where wake-ups are heard: one connection beside the pool.
    pub listener: PoolSettings,
    /// How long a change may go unseen when no wake-up comes: so often everything that is followed is looked at.
    pub poll_interval: Duration,
}

impl FeedSettings {
    /// Looks at everything every 250 ms.
    pub fn new(listener: PoolSettings) -> Self {
        Self { listener, poll_interval: Duration::from_millis(250) }
    }
}

/// More watches are open than one process cares to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{WATCHES_MAX} payments are being followed already")]
pub struct TooManyWatchers;

/// Follows one payment. Dropping it ends that.
#[derive(Debug)]
pub struct Watch {
    looks: watch::Receiver<Option<PaymentStatus>>,
    seen: PaymentStatus,
    _place: OwnedSemaphorePermit,
}

impl Watch {
    /// Waits until the payment stands elsewhere than last seen. `None` when the feed has stopped.
    pub async fn changed(&mut self) -> Option<PaymentStatus> {
        loop {
            self.looks.changed().await.ok()?;
            let found = self.looks.borrow_and_update().clone();
            // A look that began before this watch may have found less than its owner has seen.
            if let Some(found) =
                found.filter(|found| *found != self.seen && found.updated_at >= self.seen.updated_at)
            {
                self.seen = found.clone();
                return Some(found);
            }
        }
    }
}

/// A payment that somebody follows.
#[derive(Debug, Default)]
struct Followed {
    looks: watch::Sender<Option<PaymentStatus>>,
    /// A watch was added since the last look began: the next one is published even if it finds nothing new.
    has_newcomer: bool,
}

/// Tells many watchers of changes by one query for all of them: at what a wake-up of the `payment_intents` channel names,
/// and at everything from time to time, since wake-ups may be lost. That time is the same whether one watches, a
/// thousand do, or nobody: who watches costs the database no statement. A database that is away makes the feed late,
/// never wrong.
#[derive(Debug, Clone)]
pub struct StatusFeed {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    followed: Mutex<HashMap<String, Followed>>,
    places: Arc<Semaphore>,
    due: Mutex<Due>,
    /// Somebody began to watch, or something is due.
    look: Notify,
}

/// What may have changed since the last look began.
#[derive(Debug, Default)]
struct Due {
    ids: HashSet<String>,
    /// What changed is not known.
    is_everything: bool,
}

impl Shared {
    fn followed(&self) -> MutexGuard<'_, HashMap<String, Followed>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the payments that a wake-up names due, or everything where it names none.
    fn wake(&self, told: &str) {
        if told.is_empty() {
            self.due().is_everything = true;
        } else {
            let followed = self.followed();
            let ids = told.split(',').filter(|id| followed.contains_key(*id)).map(str::to_owned);
            self.due().ids.extend(ids);
        }
        self.look.notify_one();
    }
}

impl StatusFeed {
    /// Starts the feed's two tasks; they end with the token.
    pub fn start(pool: Pool, settings: FeedSettings, shutdown: CancellationToken) -> Self {
        let shared = Arc::new(Shared {
            followed: Mutex::default(),
            places: Arc::new(Semaphore::new(WATCHES_MAX)),
            due: Mutex::default(),
            look: Notify::new(),
        });
        let listening = listen(Arc::clone(&shared), settings.listener);
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(listening));
        let looking = look(Arc::clone(&shared), pool, settings.poll_interval);
        let ended = Arc::clone(&shared);
        tokio::spawn(async move {
            shutdown.run_until_cancelled_owned(looking).await;
            // Without their sender, watchers learn that nothing more will come.
            ended.followed().clear();
        });
        Self { shared }
    }

    /// Follows a payment from where the caller saw it.
    ///
    /// # Errors
    /// Ten thousand watches are open already.
    pub fn watch(&self, seen: PaymentStatus) -> Result<Watch, TooManyWatchers> {
        let place = Arc::clone(&self.shared.places).try_acquire_owned().or(Err(TooManyWatchers))?;
        let mut followed = self.shared.followed();
        let payment = followed.entry(seen.payment_intent_id.clone()).or_default();
        payment.has_newcomer = true;
        let looks = payment.looks.subscribe();
        drop(followed);
        self.shared.look.notify_one();
        Ok(Watch { looks, seen, _place: place })
    }
}

/// Turns wake-ups of the database into looks, over as many connections as that takes.
async fn listen(shared: Arc<Shared>, settings: PoolSettings) {
    loop {
        match Listener::connect(&settings, Channel::PaymentIntents).await {
            Ok(mut listener) => {
                shared.wake("");
                while let Ok(told) = listener.heard().await {
                    shared.wake(&told);
                }
                tracing::warn!("wake-ups are not heard; statuses are found by looking");
            }
            Err(error) => tracing::debug!(%error, "cannot listen for wake-ups"),
        }
        tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
    }
}

async fn look(shared: Arc<Shared>, pool: Pool, poll_interval: Duration) {
    let (mut everything_at, mut apart) = (Instant::now(), LOOKS_APART);
    loop {
        let mut due = std::mem::take(&mut *shared.due());
        due.is_everything |= everything_at <= Instant::now();
        let wanted = begin_look(&shared, &due);
        if let Err(error) = publish(&shared, &pool, &wanted, due.is_everything).await {
            tracing::warn!(%error, followed = wanted.len(), "statuses cannot be looked up");
            keep_newcomers(&shared, &wanted);
            shared.due().is_everything = true;
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            continue;
        }
        if due.is_everything {
            everything_at = Instant::now() + poll_interval;
        }
        tokio::time::sleep(apart.pause()).await;
        apart.have_come(shared.due().ids.len());
        // That the time passed without a wake-up is as good a reason to look as a wake-up.
        let _ = tokio::time::timeout_at(everything_at, shared.look.notified()).await;
    }
}

/// A payment to look up, and whether to publish it even if nothing is new.
struct Wanted {
    id: String,
    has_newcomer: bool,
}

/// Forgets payments that nobody follows any more; returns those that are due, and those with newcomers.
fn begin_look(shared: &Shared, due: &Due) -> Vec<Wanted> {
    let mut followed = shared.followed();
    if due.is_everything {
        followed.retain(|_, payment| payment.looks.receiver_count() > 0);
    }
    let is_due =
        |id: &String, payment: &Followed| due.is_everything || payment.has_newcomer || due.ids.contains(id);
    let wanted = followed.iter_mut().filter(|(id, payment)| is_due(id, payment)).map(|(id, payment)| {
        Wanted { id: id.clone(), has_newcomer: std::mem::take(&mut payment.has_newcomer) }
    });
    wanted.collect()
}

/// After a look that failed: newcomers wait for the next one.
fn keep_newcomers(shared: &Shared, wanted: &[Wanted]) {
    let mut followed = shared.followed();
    for wanted in wanted.iter().filter(|wanted| wanted.has_newcomer) {
        if let Some(payment) = followed.get_mut(&wanted.id) {
            payment.has_newcomer = true;
        }
    }
}

async fn publish(
    shared: &Shared,
    pool: &Pool,
    wanted: &[Wanted],
    is_everything: bool,
) -> Result<(), schema::Error> {
    // A look at everything asks also when that is nothing: it costs the same whoever watches.
    let nobody = (wanted.is_empty() && is_everything).then_some(wanted);
    for wanted in wanted.chunks(IDS_PER_QUERY_MAX).chain(nobody) {
        let ids: Vec<String> = wanted.iter().map(|wanted| wanted.id.clone()).collect();
        let facts = client_status::facts_of(&mut *pool.connection().await?, &ids).await?;
        let mut found = HashMap::with_capacity(facts.len());
        for facts in facts {
            let status = PaymentStatus::try_from(facts)?;
            found.insert(status.payment_intent_id.clone(), status);
        }
        let followed = shared.followed();
        for Wanted { id, has_newcomer } in wanted {
            if let (Some(payment), Some(status)) = (followed.get(id), found.remove(id)) {
                payment.looks.send_if_modified(|known| {
                    let is_new = *has_newcomer || known.as_ref() != Some(&status);
                    *known = Some(status);
                    is_new
                });
            }
        }
    }
    Ok(())
}
