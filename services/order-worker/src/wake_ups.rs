//! Wake-ups heard from Postgres. They make the worker faster; polling is the truth.

use std::time::Duration;

use domain::{
    Error, PoolSettings,
    jobs::{FinalizeOrder, Job, RefundPayment, VerifyPayment},
    notifications::{Channel, Listener},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::outage::Outage;

/// The pause before connecting again; doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// One bell a lane. A bell rung while its lane works is heard when the lane waits next.
#[derive(Debug, Default)]
pub(crate) struct WakeUps {
    pub(crate) finalize_order: Notify,
    pub(crate) verify_payment: Notify,
    pub(crate) refund_payment: Notify,
}

impl WakeUps {
    /// Rings for the job types told, with commas between them; for all where none is.
    fn wake(&self, told: &str) {
        if told.is_empty() {
            return self.wake_all();
        }
        for job_type in told.split(',') {
            match job_type {
                FinalizeOrder::JOB_TYPE => self.finalize_order.notify_one(),
                VerifyPayment::JOB_TYPE => self.verify_payment.notify_one(),
                RefundPayment::JOB_TYPE => self.refund_payment.notify_one(),
                // A newer service's, for a newer worker.
                _ => {}
            }
        }
    }

    pub(crate) fn wake_all(&self) {
        self.finalize_order.notify_one();
        self.verify_payment.notify_one();
        self.refund_payment.notify_one();
    }

    /// Listens until stopped, on a connection that does nothing else, so that its socket is always drained. After
    /// each connect all lanes look once: what was sent meanwhile is lost.
    pub(crate) async fn listen(&self, settings: &PoolSettings, stop: &CancellationToken) {
        let mut outage = Outage::of("listening for wake-ups");
        let mut pause = FIRST_PAUSE;
        while !stop.is_cancelled() {
            let heard = async {
                let mut listener = Listener::connect(settings, Channel::JobQueue).await?;
                outage.succeeded();
                pause = FIRST_PAUSE;
                self.wake_all();
                loop {
                    let told = listener.heard().await?;
                    self.wake(&told);
                }
            };
            let ended: Option<Result<(), Error>> = stop.run_until_cancelled(heard).await;
            if let Some(Err(error)) = ended {
                outage.failed(&error);
                stop.run_until_cancelled(tokio::time::sleep(jittered(pause))).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// Between four and six fifths of a pause, so that replicas do not come together.
pub(crate) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.8..1.2))
}
