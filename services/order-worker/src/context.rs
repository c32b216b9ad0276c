use std::time::Duration;

use domain::{
    Pool,
    queue::{RetryPolicy, Waker, WorkerId},
    readiness::SchemaCheck,
    refunds::RefundTerms,
};
use tokio_util::sync::CancellationToken;

use crate::{held::HeldLeases, metrics::Metrics, wake_ups::WakeUps};

/// What the lanes of one process share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) worker_id: WorkerId,
    /// For claims and heartbeats; no handler takes a connection from it.
    pub(crate) control: Pool,
    /// For handlers.
    pub(crate) work: Pool,
    /// Nothing is claimed from a schema that is not this binary's.
    pub(crate) schema: SchemaCheck,
    pub(crate) lease: Duration,
    pub(crate) poll_interval: Duration,
    pub(crate) retry: RetryPolicy,
    /// Which payments that become no order are sent back.
    pub(crate) refund_terms: RefundTerms,
    pub(crate) held: HeldLeases,
    pub(crate) wake_ups: WakeUps,
    pub(crate) waker: Waker,
    pub(crate) metrics: Metrics,
    /// Nothing is claimed any more.
    pub(crate) stopping: CancellationToken,
    /// Whoever waits for a gateway stops waiting.
    pub(crate) grace_is_over: CancellationToken,
}
