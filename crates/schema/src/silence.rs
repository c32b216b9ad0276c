//! Connections whose server has gone without saying so.
//!
//! A server that vanishes sends no reset, and one behind a proxy is not even missed by the kernel. So whoever waits for
//! an answer waits for a bounded time only; then the connection is given up and the statement counts as unanswered.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep_until},
};

/// Notes on one connection when a statement was sent and when its answer came.
pub(crate) struct StatementClock {
    shared: Arc<Shared>,
    /// Dropped with the connection; its other end then stops driving it.
    _connection: oneshot::Sender<()>,
}

#[derive(Default)]
struct Shared {
    /// When the statement was sent whose answer is waited for.
    sent_at: Mutex<Option<Instant>>,
    sent: Notify,
}

impl Shared {
    fn sent_at(&self) -> Option<Instant> {
        *self.sent_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, sent_at: Option<Instant>) {
        *self.sent_at.lock().unwrap_or_else(PoisonError::into_inner) = sent_at;
    }

    /// Returns when an answer is overdue.
    async fn overdue(&self, silence_max: Duration) {
        loop {
            match self.sent_at() {
                None => self.sent.notified().await,
                Some(sent_at) if sent_at.elapsed() >= silence_max => return,
                Some(sent_at) => sleep_until(sent_at + silence_max).await,
            }
        }
    }
}

impl Instrumentation for StatementClock {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } => {
                self.shared.note(Some(Instant::now()));
                self.shared.sent.notify_one();
            }
            InstrumentationEvent::FinishQuery { .. } => self.shared.note(None),
            _ => {}
        }
    }
}

/// Drives a connection until it ends, its owner drops it, or an answer is waited for longer than `silence_max`; the
/// last is told to `on_overdue`.
pub(crate) fn drive<E: fmt::Display>(
    connection: impl Future<Output = Result<(), E>> + Send + 'static,
    silence_max: Duration,
    on_overdue: impl FnOnce() + Send + 'static,
) -> StatementClock {
    let shared = Arc::new(Shared::default());
    let (owner, mut dropped) = oneshot::channel();
    let clock = StatementClock { shared: Arc::clone(&shared), _connection: owner };
    tokio::spawn(async move {
        tokio::select! {
            ended = connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection to the database broke");
                }
            }
            _ = &mut dropped => {}
            () = shared.overdue(silence_max) => {
                let seconds = silence_max.as_secs();
                tracing::warn!(seconds, "the database does not answer; the connection is given up");
                on_overdue();
            }
        }
    });
    clock
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::pending};

    use super::*;

    const SILENCE_MAX: Duration = Duration::from_millis(50);

    /// What is left of a connection: dropped when it is given up.
    fn driven() -> (StatementClock, oneshot::Receiver<()>) {
        let (connection, given_up) = oneshot::channel::<()>();
        let endless = async move {
            let _connection = connection;
            pending::<Result<(), Infallible>>().await
        };
        (drive(endless, SILENCE_MAX, || {}), given_up)
    }

    fn send(clock: &StatementClock) {
        clock.shared.note(Some(Instant::now()));
        clock.shared.sent.notify_one();
    }

    #[tokio::test]
    async fn a_statement_without_an_answer_gives_the_connection_up() {
        let (clock, given_up) = driven();
        send(&clock);
        let sent = Instant::now();
        assert!(given_up.await.is_err());
        assert!(sent.elapsed() >= SILENCE_MAX);
    }

    #[tokio::test]
    async fn a_connection_that_nobody_waits_on_is_kept_until_its_owner_drops_it() {
        let (clock, mut given_up) = driven();
        send(&clock);
        clock.shared.note(None);
        assert!(tokio::time::timeout(SILENCE_MAX * 3, &mut given_up).await.is_err());
        drop(clock);
        assert!(given_up.await.is_err());
    }
}
