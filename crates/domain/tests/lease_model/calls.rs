//! Actions bound to rows and leases, and what the queue answers to them.

use std::time::Duration;

use domain::{
    Connection, PooledConnection,
    jobs::{FinalizeOrder, Job, VerifyPayment},
    queue::{self, Enqueue, Lease, Outcome, RetryPolicy, Settled, WorkerId},
};
use test_support::{
    TestDatabase,
    factories::{Provider, Shop},
};

use crate::actions::{INTENTS, Kind, RACERS};

/// One unit of the model's clock: so long that no run of a case comes near it, so that only `pass` moves time. Not
/// more than half of the longest backoff, so that backoff grows within it.
pub(crate) const UNIT: Duration = Duration::from_secs(450);
pub(crate) const LEASE_UNITS: u32 = 2;
/// Without jitter, attempts are one and then two units apart.
const RETRY: RetryPolicy = RetryPolicy { base: UNIT };
const NO_JITTER: f64 = 1.0;
pub(crate) const GIVEN_UP: &str = "given up by its handler";
pub(crate) const FAILED: &str = "it failed";

/// A call with everything it names.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Enqueue { kind: Kind, intent: usize, in_units: u32, max_attempts: i32 },
    Claim { worker: WorkerId, kind: Kind, claimed_max: u32 },
    Extend { worker: WorkerId, leases: Vec<Lease> },
    Complete { worker: WorkerId, leases: Vec<Lease> },
    Return { worker: WorkerId, leases: Vec<Lease> },
    Retry { lease: Lease },
    Snooze { lease: Lease, in_units: u32 },
    GiveUp { lease: Lease },
    Rescue,
    Cancel { job_id: i64 },
    RetryByHand { job_id: i64 },
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Done,
    Claimed(Vec<Lease>),
    StillHeld(Vec<i64>),
    Settled(Settled),
    Rescued {
        requeued: Vec<i64>,
        failed: Vec<i64>,
    },
    Changed(bool),
    /// Refused by the named constraint.
    Refused(String),
}

/// One of those who call at the same time.
struct Caller {
    worker: tokio::sync::Mutex<PooledConnection>,
    reaper: tokio::sync::Mutex<PooledConnection>,
    operator: tokio_postgres::Client,
}

/// A database with a few intents, and connections of every role that touches the queue.
pub(crate) struct World {
    pub(crate) shop: Shop,
    pub(crate) intents: Vec<String>,
    callers: Vec<Caller>,
    _database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let mut intents = Vec::new();
        for _ in 0..INTENTS {
            let variant = shop.variant(1_000, 1).await;
            let cart = shop.cart(&[(&variant, 1)]).await;
            intents.push(shop.intent(Provider::Esewa, &cart).await.payment_intent_id);
        }
        let (workers, reapers) = (database.pool_as("order_worker"), database.pool_as("stale_job_reaper"));
        let mut callers = Vec::new();
        for _ in 0..RACERS {
            let operator = database.client().await;
            operator.batch_execute("SET ROLE admin_console").await.unwrap();
            callers.push(Caller {
                worker: tokio::sync::Mutex::new(workers.connection().await.unwrap()),
                reaper: tokio::sync::Mutex::new(reapers.connection().await.unwrap()),
                operator,
            });
        }
        Self { shop, intents, callers, _database: database }
    }

    /// An empty queue.
    pub(crate) async fn reset(&self) {
        self.shop.client.batch_execute("DELETE FROM job_queue; DELETE FROM review_cases").await.unwrap();
    }

    /// Moves time by moving every row towards the past.
    pub(crate) async fn pass(&self, units: u32) {
        let shift = "UPDATE job_queue SET run_at = run_at - make_interval(secs => $1),
            locked_until = locked_until - make_interval(secs => $1)";
        self.shop.client.execute(shift, &[&(UNIT * units).as_secs_f64()]).await.unwrap();
    }

    /// Makes a call over the connections of one caller.
    pub(crate) async fn call(&self, caller: usize, call: &Call) -> Answer {
        let caller = self.callers.get(caller).unwrap();
        match call {
            Call::Cancel { job_id } => {
                let cancel = "UPDATE job_queue SET status = 'cancelled', updated_at = now() WHERE status = 'pending' AND id = $1";
                by_hand(&caller.operator, cancel, *job_id).await
            }
            Call::RetryByHand { job_id } => by_hand(&caller.operator, RETRY_BY_HAND, *job_id).await,
            Call::Rescue => {
                let rescue = queue::rescue_stale(&mut *caller.reaper.lock().await).await.unwrap();
                let ids = |jobs: Vec<queue::RescuedJob>| jobs.into_iter().map(|job| job.job_id).collect();
                Answer::Rescued { requeued: ids(rescue.requeued), failed: ids(rescue.failed) }
            }
            _ => self.call_as_worker(&mut *caller.worker.lock().await, call).await,
        }
    }

    async fn call_as_worker(&self, connection: &mut Connection, call: &Call) -> Answer {
        match call {
            Call::Enqueue { kind, intent, in_units, max_attempts } => {
                let options = Enqueue { run_in: UNIT * *in_units, max_attempts: *max_attempts };
                let payment_intent_id = self.intents.get(*intent).unwrap().clone();
                match kind {
                    Kind::Finalize => {
                        queue::enqueue(connection, &FinalizeOrder { payment_intent_id }, options).await
                    }
                    Kind::Verify => {
                        queue::enqueue(connection, &VerifyPayment { payment_intent_id }, options).await
                    }
                }
                .unwrap();
                Answer::Done
            }
            Call::Claim { worker, kind, claimed_max } => {
                let lease = UNIT * LEASE_UNITS;
                let claimed = queue::claim(connection, worker, kind.job_type(), *claimed_max, lease).await;
                Answer::Claimed(claimed.unwrap())
            }
            Call::Extend { worker, leases } => {
                let extended = queue::extend(connection, worker, leases, UNIT * LEASE_UNITS).await;
                Answer::StillHeld(extended.unwrap())
            }
            Call::Complete { worker, leases } => {
                Answer::StillHeld(queue::complete(connection, worker, leases).await.unwrap())
            }
            Call::Return { worker, leases } => {
                Answer::StillHeld(queue::return_unstarted(connection, worker, leases).await.unwrap())
            }
            Call::Retry { lease } => {
                settle(connection, lease, Outcome::Retry { error: FAILED.to_owned() }).await
            }
            Call::Snooze { lease, in_units } => {
                settle(connection, lease, Outcome::Snooze { delay: UNIT * *in_units }).await
            }
            Call::GiveUp { lease } => {
                settle(connection, lease, Outcome::GiveUp { reason: GIVEN_UP.to_owned() }).await
            }
            Call::Rescue | Call::Cancel { .. } | Call::RetryByHand { .. } => {
                unreachable!("no worker does that")
            }
        }
    }
}

/// As `docs/job-queue.md` gives it to operators, for one job.
const RETRY_BY_HAND: &str = "UPDATE job_queue j
       SET status = 'pending', failed_at = NULL, attempts = 0, crash_count = 0, run_at = now(), updated_at = now()
     WHERE j.status = 'failed' AND j.id = $1
       AND NOT EXISTS (SELECT FROM job_queue live WHERE live.idempotency_key = j.idempotency_key AND live.status IN ('pending', 'processing'))";

async fn by_hand(operator: &tokio_postgres::Client, statement: &str, job_id: i64) -> Answer {
    match operator.execute(statement, &[&job_id]).await {
        Ok(changed) => Answer::Changed(changed == 1),
        Err(error) => {
            let refusal = error.as_db_error().and_then(|refusal| refusal.constraint()).map(str::to_owned);
            Answer::Refused(refusal.unwrap_or_else(|| panic!("{error}")))
        }
    }
}

async fn settle(connection: &mut Connection, lease: &Lease, outcome: Outcome) -> Answer {
    Answer::Settled(queue::settle(connection, lease, outcome, RETRY, NO_JITTER).await.unwrap())
}

impl Kind {
    pub(crate) const fn job_type(self) -> &'static str {
        match self {
            Self::Finalize => FinalizeOrder::JOB_TYPE,
            Self::Verify => VerifyPayment::JOB_TYPE,
        }
    }

    pub(crate) fn of(job_type: &str) -> Self {
        if job_type == FinalizeOrder::JOB_TYPE { Self::Finalize } else { Self::Verify }
    }
}
