//! Where callbacks are worked on: apart from the connections they came over.

use std::{sync::Arc, time::Duration};

use domain::payments::callback::{
    Callback, Judge, QuestionOutcome, ReceiveError, Received, Reception, receive,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tokio_util::task::{LocalPoolHandle, TaskTracker};
use tracing::{Instrument, Span};

use crate::metrics::Metrics;

/// Callbacks worked on at a time. More would only wait for connections to the database.
const IN_WORK_MAX: usize = 256;
/// Callbacks wait for Postgres and for gateways, not for processors.
const THREADS: usize = 2;
/// How long callbacks may take to their end after the last request was answered. One waits for a gateway at most
/// three seconds, and for the database a few more.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a callback was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeskError {
    #[error("{IN_WORK_MAX} callbacks are being worked on already")]
    Busy,
    #[error("the work on a callback panicked")]
    Panicked,
    #[error(transparent)]
    Receive(#[from] ReceiveError),
}

/// Works on callbacks in tasks of its own: a browser that goes away stops waiting, not the work.
#[derive(Debug)]
pub(crate) struct Desk {
    reception: Arc<Reception>,
    metrics: Metrics,
    /// Threads of the desk's own: the server's end with the server, and a use case stays on the thread it began on.
    threads: LocalPoolHandle,
    tasks: TaskTracker,
    places: Arc<Semaphore>,
}

impl Desk {
    pub(crate) fn new(reception: Reception, metrics: Metrics) -> Self {
        Self {
            reception: Arc::new(reception),
            metrics,
            threads: LocalPoolHandle::new(THREADS),
            tasks: TaskTracker::new(),
            places: Arc::new(Semaphore::new(IN_WORK_MAX)),
        }
    }

    /// Receives a callback. Dropping the future does not end the work.
    pub(crate) async fn receive(&self, callback: Callback, judge: Judge) -> Result<Received, DeskError> {
        let (provider, kind, began) = (callback.provider, callback.kind, Instant::now());
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.metrics.turned_away(provider, kind);
            return Err(DeskError::Busy);
        };
        let (reception, metrics) = (Arc::clone(&self.reception), self.metrics.clone());
        let (span, tracked) = (Span::current(), self.tasks.token());
        let work = move || {
            let work = async move {
                let received = receive(&reception, callback, judge).await;
                metrics.received(provider, kind, &received, began.elapsed());
                received.iter().for_each(log);
                drop((place, tracked));
                received
            };
            work.instrument(span)
        };
        let Ok(received) = self.threads.spawn_pinned(work).await else {
            self.metrics.panicked(provider, kind);
            return Err(DeskError::Panicked);
        };
        Ok(received?)
    }

    /// Waits until what was taken in is done, within bounds.
    pub(crate) async fn drain(&self) {
        self.tasks.close();
        if timeout(DRAIN_TIMEOUT, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                callbacks = self.tasks.len(),
                "callbacks are left unfinished; the queue asks instead"
            );
        }
    }
}

/// The one line that ties a request to its intent; refusals are logged where they are answered.
fn log(received: &Received) {
    let question = match received.question {
        QuestionOutcome::Asked { outcome, .. } => outcome,
        QuestionOutcome::JustAsked => "just_asked",
        QuestionOutcome::LeftToQueue => "left_to_queue",
        QuestionOutcome::NeverStarted => "never_started",
    };
    let (verdict, status) = (received.verdict.as_str(), received.status.status.as_str());
    tracing::info!(
        payment_intent_id = received.intent.payment_intent_id,
        verdict,
        question,
        status,
        "callback received"
    );
}
