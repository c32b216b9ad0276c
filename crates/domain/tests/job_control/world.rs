//! A queue with jobs in every state, and an operator before it.

use domain::{
    Connection, PooledConnection,
    job_control::{self, JobAct, JobActError, JobActed},
    operators::ByHand,
    queue::{self, WorkerId},
};
use test_support::{
    TestDatabase,
    factories::{Intent, Provider, Shop},
};

pub(crate) const BY: ByHand<'static> = ByHand { operator: "hari", reason: "the gateway is back" };

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) shop: Shop,
    pub(crate) console: domain::Pool,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let console = database.pool_as("admin_console");
        Self { database, shop, console }
    }

    pub(crate) async fn connection(&self) -> PooledConnection {
        self.console.connection().await.unwrap()
    }

    /// A job that nobody knows how to run, in a state, with an error where it failed.
    pub(crate) async fn job(&self, status: &str, error: Option<&str>) -> i64 {
        let make = "INSERT INTO job_queue (job_type, status, attempts, crash_count, last_error, failed_at, completed_at,
                   locked_by, locked_until, lease_no)
            VALUES ('mend_shoes', $1, 5, 2, $2, CASE $1 WHEN 'failed' THEN now() END, CASE $1 WHEN 'completed' THEN now() END,
                    CASE $1 WHEN 'processing' THEN 'w' END, CASE $1 WHEN 'processing' THEN now() + interval '1 minute' END, 7)
            RETURNING id";
        self.shop.client.query_one(make, &[&status, &error]).await.unwrap().get(0)
    }

    /// An open payment and its pending question.
    pub(crate) async fn payment(&self) -> (Intent, i64) {
        let variant = self.shop.variant(50_000, 3).await;
        let cart = self.shop.cart(&[(&variant, 1)]).await;
        let intent = self.shop.intent(Provider::Esewa, &cart).await;
        let job = "SELECT id FROM job_queue WHERE idempotency_key = 'verify_payment:' || $1";
        let job = self.shop.client.query_one(job, &[&intent.payment_intent_id]).await.unwrap().get(0);
        (intent, job)
    }

    /// Everything of a job that an act may change.
    pub(crate) async fn state(&self, id: i64) -> String {
        let read =
            "SELECT format('%s attempts=%s crashes=%s due=%s failed=%s', status, attempts, crash_count,
                   run_at <= clock_timestamp(), failed_at IS NOT NULL) FROM job_queue WHERE id = $1";
        self.shop.client.query_one(read, &[&id]).await.unwrap().get(0)
    }

    /// What the audit log says of a job, oldest first.
    pub(crate) async fn audited(&self, id: i64) -> Vec<String> {
        let read = "SELECT format('%s %s: %s, %s -> %s', operator, action, reason, before ->> 'status', after ->> 'status')
            FROM admin_audit_log WHERE subject = 'job:' || $1 ORDER BY id";
        let rows = self.shop.client.query(read, &[&id.to_string()]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// A worker claims everything that is due.
    pub(crate) async fn claim(&self) -> Vec<queue::Lease> {
        let pool = self.database.pool_as("order_worker");
        let mut connection: PooledConnection = pool.connection().await.unwrap();
        let connection: &mut Connection = &mut connection;
        let lease = std::time::Duration::from_secs(30);
        let worker = WorkerId::unique("test");
        let mut claimed = Vec::new();
        for job_type in ["mend_shoes", "verify_payment", "finalize_order"] {
            claimed.extend(queue::claim(connection, &worker, job_type, 100, lease).await.unwrap());
        }
        claimed
    }

    pub(crate) async fn retry(&self, act: JobAct<'_>) -> Result<JobActed, JobActError> {
        job_control::retry(&mut *self.connection().await, act).await
    }

    pub(crate) async fn cancel(&self, act: JobAct<'_>) -> Result<JobActed, JobActError> {
        job_control::cancel(&mut *self.connection().await, act).await
    }

    pub(crate) async fn run_now(&self, act: JobAct<'_>) -> Result<JobActed, JobActError> {
        job_control::run_now(&mut *self.connection().await, act).await
    }
}

/// An act on a job as it was made.
pub(crate) const fn on(job_id: i64) -> JobAct<'static> {
    JobAct { job_id, lease_no: 7, by: BY }
}
