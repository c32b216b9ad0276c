use std::{sync::Arc, time::Duration};

use schema::{
    Pool,
    notifications::{Channel, notify},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A process sends at most one wake-up a channel in this time, whatever its load.
const WAKE_UP_DISTANCE: Duration = Duration::from_millis(10);

/// Tells other processes that something is due, after COMMIT and apart from it.
///
/// Calls between two sends are one wake-up, and the last call is always followed by a send. A wake-up that
/// is lost costs one poll interval, nothing else.
#[derive(Debug, Clone, Default)]
pub struct Waker {
    job_queue: Arc<Notify>,
    payment_intents: Arc<Notify>,
}

impl Waker {
    /// A job that is due now was committed.
    pub fn job_enqueued(&self) {
        self.job_queue.notify_one();
    }

    /// An intent's status was committed.
    pub fn intent_changed(&self) {
        self.payment_intents.notify_one();
    }

    /// Sends wake-ups until stopped. Each process runs this once.
    pub async fn run(self, pool: Pool, stop: CancellationToken) {
        tokio::join!(
            send(&self.job_queue, Channel::JobQueue, &pool, &stop),
            send(&self.payment_intents, Channel::PaymentIntents, &pool, &stop),
        );
    }
}

async fn send(dirty: &Notify, channel: Channel, pool: &Pool, stop: &CancellationToken) {
    while stop.run_until_cancelled(dirty.notified()).await.is_some() {
        let sent = async { notify(&mut *pool.connection().await?, channel).await };
        if let Err(error) = sent.await {
            tracing::debug!(%error, ?channel, "wake-up was not sent; pollers will see the change");
        }
        tokio::time::sleep(WAKE_UP_DISTANCE).await;
    }
}
