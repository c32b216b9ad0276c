//! Everything that a worker writes on behalf of a job, and how another one finishes that job instead.

use std::time::Duration;

use domain::{
    Pool,
    jobs::{FinalizeOrder, Job, RefundPayment, VerifyPayment},
    orders::finalize::{ToFinalize, finalize},
    payments::verify::{Verified, verify},
    queue::{self, Lease, Outcome, RetryPolicy, Settled, WorkerId},
    refunds::{RefundRun, refund_payment},
};
use tokio_util::sync::CancellationToken;

use crate::world::{Sale, World};

const POLICY: RetryPolicy = RetryPolicy { base: Duration::from_secs(60) };
const BATCH: usize = 3;

/// A kind of late write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Late {
    Complete,
    Retry,
    Snooze,
    GiveUp,
    ReturnUnstarted,
    /// A batch of orders.
    Finalize,
    /// The answer to a question.
    RecordAnswer,
    /// The steps of a refund.
    Refund,
}

impl Late {
    pub(crate) const ALL: [Self; 8] = [
        Self::Complete,
        Self::Retry,
        Self::Snooze,
        Self::GiveUp,
        Self::ReturnUnstarted,
        Self::Finalize,
        Self::RecordAnswer,
        Self::Refund,
    ];

    pub(crate) const fn job_type(self) -> &'static str {
        match self {
            Self::Finalize => FinalizeOrder::JOB_TYPE,
            Self::Refund => RefundPayment::JOB_TYPE,
            _ => VerifyPayment::JOB_TYPE,
        }
    }

    /// Makes the jobs that are due for one round, and no others.
    pub(crate) async fn prepare(self, world: &World) -> Vec<Sale> {
        world.set("UPDATE job_queue SET status = 'cancelled' WHERE status = 'pending'").await;
        match self {
            Self::Finalize => {
                let mut sales = Vec::new();
                for _ in 0..BATCH {
                    sales.push(world.verified().await);
                }
                sales
            }
            Self::Refund => vec![refunding(world).await],
            _ => vec![world.open().await],
        }
    }

    /// Does the work of the held jobs over these connections. Returns the ids of jobs that were found lost.
    pub(crate) async fn write(
        self,
        world: &World,
        pool: Pool,
        leases: Vec<Lease>,
    ) -> Result<Vec<i64>, String> {
        let lease = leases[0].clone();
        let lost = |is_lost: bool| if is_lost { vec![lease.job_id] } else { Vec::new() };
        let intent = lease.payment_intent_id().unwrap();
        let (questions, stop) = (world.questions(&pool), CancellationToken::new());
        let outcome = match self {
            Self::Complete => Outcome::Done,
            Self::Retry => Outcome::Retry { error: "late".to_owned() },
            Self::Snooze => Outcome::Snooze { delay: Duration::from_secs(60) },
            Self::GiveUp => Outcome::GiveUp { reason: "late".to_owned() },
            Self::ReturnUnstarted => {
                let mut connection = pool.connection().await.unwrap();
                let returned = queue::return_unstarted(&mut connection, &lease.worker_id, &leases).await;
                return returned.map(|ids| lost(ids.is_empty())).map_err(|error| error.to_string());
            }
            Self::Finalize => {
                let named = leases
                    .iter()
                    .map(|lease| ToFinalize { lease, payment_intent_id: lease.payment_intent_id().unwrap() });
                let batch: Vec<ToFinalize<'_>> = named.collect();
                let mut connection = pool.connection().await.unwrap();
                let finalized = finalize(&mut connection, &lease.worker_id, &batch, &world.terms).await;
                return finalized.map(|done| done.lost_job_ids).map_err(|error| error.to_string());
            }
            Self::RecordAnswer => {
                let verified = verify(&questions, intent, &lease, &stop).await;
                let is_lost = verified.map(|verified| matches!(verified, Verified::LeaseLost));
                return is_lost.map(lost).map_err(|error| error.to_string());
            }
            Self::Refund => {
                let run = refund_payment(&questions, intent, &lease, &stop).await;
                let is_lost = run.map(|run| matches!(run, RefundRun::LeaseLost));
                return is_lost.map(lost).map_err(|error| error.to_string());
            }
        };
        let mut connection = pool.connection().await.unwrap();
        let settled = queue::settle(&mut connection, &lease, outcome, POLICY, 1.0).await;
        settled.map(|settled| lost(settled == Settled::LeaseLost)).map_err(|error| error.to_string())
    }

    /// Another worker's run of whatever is due of this type.
    pub(crate) async fn finish(self, world: &World) {
        let leases = world.claim(&WorkerId::unique("rival"), self.job_type()).await;
        assert!(!leases.is_empty(), "nothing was rescued");
        let as_handled = match self {
            Self::Finalize | Self::RecordAnswer | Self::Refund => self,
            _ => Self::Complete,
        };
        let lost = as_handled.write(world, world.pool.clone(), leases).await;
        assert_eq!(lost, Ok(Vec::new()), "what the rival lost");
    }

    /// What must be so when all is done, whoever did it.
    pub(crate) async fn assert_done_once(self, world: &World, sales: &[Sale]) {
        for sale in sales {
            let status = world.shop.status(&sale.intent).await;
            let stock = world.shop.stock(&sale.variant).await;
            match self {
                Self::Finalize => {
                    assert_eq!((status.as_str(), stock), ("completed", (0, 0, 1)));
                    let orders =
                        format!("SELECT count(*) FROM orders WHERE payment_intent_id = '{}'", sale.id());
                    assert_eq!(world.count(&orders).await, 1);
                }
                Self::RecordAnswer => {
                    assert_eq!(status, "verified");
                    let owed = format!(
                        "SELECT count(*) FROM job_queue WHERE idempotency_key = 'finalize_order:{}'",
                        sale.id()
                    );
                    assert_eq!(world.count(&owed).await, 1);
                }
                Self::Refund => {
                    assert_eq!(status, "refunded");
                    let refunds = format!(
                        "SELECT string_agg(status, ' ') FROM refunds WHERE payment_intent_id = '{}'",
                        sale.id()
                    );
                    assert_eq!(world.text(&refunds).await, "succeeded");
                    assert_eq!(world.till.refunds_of(&crate::till::transaction_of(sale.id())), 1);
                }
                _ => {
                    assert_eq!(status, "awaiting_payment");
                    let jobs = format!(
                        "SELECT count(*) FROM job_queue WHERE idempotency_key = 'verify_payment:{}'",
                        sale.id()
                    );
                    assert_eq!(world.count(&jobs).await, 1);
                }
            }
        }
    }
}

/// Paid late, after the only unit was sold elsewhere: on its way back.
async fn refunding(world: &World) -> Sale {
    let sale = world.verified().await;
    let gone = format!("SELECT set_stock('{}', 0, 'sold elsewhere')", sale.variant);
    // The stock goes back as expiry gives it, and is sold before the order's job runs.
    let late = format!(
        "UPDATE payment_intents SET reservation = 'released' WHERE payment_intent_id = '{}';
         UPDATE inventory SET available = 1, reserved = 0 WHERE variant_id = '{}';
         INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
         VALUES ('{}', 1, -1, 0, 'released', '{}')",
        sale.id(),
        sale.variant,
        sale.variant,
        sale.id()
    );
    world.set(&late).await;
    world.shop.client.query(&gone, &[]).await.unwrap();
    Late::Finalize.finish(world).await;
    assert_eq!(world.shop.status(&sale.intent).await, "refunding");
    sale
}
