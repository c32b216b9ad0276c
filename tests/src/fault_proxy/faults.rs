use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::fault_proxy::message::Message;

/// What happens to every byte, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weather {
    #[default]
    Clear,
    /// Whatever is read waits so long, and up to `jitter` longer: drawn by `seed` and the number of the connection.
    Latency { fixed: Duration, jitter: Duration, seed: u64 },
    /// Connections are taken and bytes accepted, and nothing comes out at the other end. What was swallowed is
    /// delivered when the weather changes, as after a partition; reset the connections for it to be lost.
    BlackHole,
}

/// Which side of a message the connection is cut at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The message never reaches Postgres. What came before it does.
    Before,
    /// The message reaches Postgres, which executes it to its end; its answer reaches nobody.
    After,
}

/// A connection to be cut at one of its messages.
///
/// The client loses its connection at once. The server is left its side until it has executed all it got: only then
/// does it find that nobody is there. So a COMMIT that was passed on does commit.
#[derive(Clone)]
pub struct Cut {
    /// The messages that count.
    pub which: Arc<dyn Fn(&Message) -> bool + Send + Sync>,
    /// The n-th that counts is cut at, from 1; 0 only counts.
    pub nth: u64,
    pub side: Side,
    /// Whether every n-th is cut at, for as long as it is armed; else the first n-th only.
    pub again: bool,
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { which: _, nth, side, again } = self;
        f.debug_struct("Cut")
            .field("nth", nth)
            .field("side", side)
            .field("again", again)
            .finish_non_exhaustive()
    }
}

/// A cut that was armed: what became of it.
#[derive(Debug, Clone)]
pub struct ArmedCut {
    inner: Arc<Armed>,
}

#[derive(Debug)]
struct Armed {
    cut: Cut,
    counted: AtomicU64,
    fired: AtomicU64,
    /// The first message that was cut at.
    at: Mutex<Option<Message>>,
}

impl ArmedCut {
    /// Messages that counted, the one that was cut at among them.
    pub fn counted(&self) -> u64 {
        self.inner.counted.load(Ordering::SeqCst)
    }

    /// How often it has cut.
    pub fn fired(&self) -> u64 {
        self.inner.fired.load(Ordering::SeqCst)
    }

    /// The message it first cut at.
    pub fn at(&self) -> Option<Message> {
        unpoisoned(&self.inner.at).clone()
    }

    /// Counts a message and says whether its connection is to be cut there.
    fn meets(&self, message: &Message) -> Option<Side> {
        let Armed { cut, counted, fired, at } = &*self.inner;
        if !(cut.which)(message) {
            return None;
        }
        let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
        let is_due = cut.nth > 0 && if cut.again { number % cut.nth == 0 } else { number == cut.nth };
        if !is_due {
            return None;
        }
        fired.fetch_add(1, Ordering::SeqCst);
        unpoisoned(at).get_or_insert_with(|| message.clone());
        Some(cut.side)
    }
}

/// Faults that a proxy has injected, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Injected {
    /// Reads that were delayed by [`Weather::Latency`].
    pub delays: u64,
    /// Reads that [`Weather::BlackHole`] held back.
    pub held_back: u64,
    /// Connections that were reset.
    pub resets: u64,
    /// Connections cut before a message reached Postgres.
    pub cuts_before: u64,
    /// Connections cut after it had, and before the answer came back.
    pub cuts_after: u64,
}

/// What all connections of one proxy share.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    inner: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    weather: watch::Sender<Weather>,
    armed: Mutex<Option<ArmedCut>>,
    /// Grows by one for every reset.
    resets: watch::Sender<u64>,
    /// Grows by one each time that all open connections are stranded.
    strandings: AtomicU64,
    closing: CancellationToken,
    connections: AtomicUsize,
    injected: Mutex<Injected>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            inner: Arc::new(Shared {
                weather: watch::Sender::new(Weather::Clear),
                armed: Mutex::default(),
                resets: watch::Sender::new(0),
                strandings: AtomicU64::new(0),
                closing: CancellationToken::new(),
                connections: AtomicUsize::new(0),
                injected: Mutex::default(),
            }),
        }
    }
}

impl Faults {
    pub(super) fn set_weather(&self, weather: Weather) {
        self.inner.weather.send_replace(weather);
    }

    pub(super) fn weather(&self) -> watch::Receiver<Weather> {
        self.inner.weather.subscribe()
    }

    pub(super) fn reset_connections(&self) {
        self.inner.resets.send_modify(|resets| *resets += 1);
    }

    pub(super) fn resets(&self) -> watch::Receiver<u64> {
        self.inner.resets.subscribe()
    }

    pub(super) fn strand(&self) {
        self.inner.strandings.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn strandings(&self) -> u64 {
        self.inner.strandings.load(Ordering::SeqCst)
    }

    pub(super) fn arm(&self, cut: Cut) -> ArmedCut {
        let inner = Armed { cut, counted: AtomicU64::new(0), fired: AtomicU64::new(0), at: Mutex::default() };
        let armed = ArmedCut { inner: Arc::new(inner) };
        *unpoisoned(&self.inner.armed) = Some(armed.clone());
        armed
    }

    pub(super) fn disarm(&self) {
        *unpoisoned(&self.inner.armed) = None;
    }

    /// Whether the connection is to be cut at this message, and on which side of it.
    pub(super) fn meets(&self, message: &Message) -> Option<Side> {
        // Counted under the lock: once a cut is taken back it counts nothing more.
        unpoisoned(&self.inner.armed).as_ref()?.meets(message)
    }

    pub(super) fn close(&self) {
        self.inner.closing.cancel();
    }

    pub(super) fn closing(&self) -> &CancellationToken {
        &self.inner.closing
    }

    pub(super) fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }

    pub(super) fn opened(&self) {
        self.inner.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn closed(&self) {
        self.inner.connections.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn injected(&self) -> Injected {
        *unpoisoned(&self.inner.injected)
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Injected)) {
        count(&mut unpoisoned(&self.inner.injected));
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
