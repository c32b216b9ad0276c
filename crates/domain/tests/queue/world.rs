//! A shop, its queue, and the means to let leases run out.

use std::time::Duration;

use domain::{
    Pool, PoolSettings,
    payments::{QuestionPolicy, verify::Questions},
    queue::{self, Lease, WorkerId},
    refunds::RefundTerms,
};
use test_support::{
    TestDatabase,
    factories::{Intent, Provider, Shop},
};

use crate::{door::Door, till::Till};

const LEASE: Duration = Duration::from_secs(30);
const PRICE_MINOR: i64 = 50_000;

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) shop: Shop,
    pub(crate) till: Till,
    /// The worker's connections.
    pub(crate) pool: Pool,
    pub(crate) terms: RefundTerms,
}

/// What was bought and paid for, or is to be.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    pub(crate) intent: Intent,
    pub(crate) variant: String,
}

impl Sale {
    pub(crate) fn id(&self) -> &str {
        &self.intent.payment_intent_id
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let pool = database.pool_as("order_worker");
        Self { database, shop, till: Till::default(), pool, terms: RefundTerms::of_all_gateways(5) }
    }

    /// A door before this database's server, and a worker's connections through it.
    pub(crate) async fn behind_a_door(&self) -> (Door, Pool) {
        let url = url::Url::parse(self.database.url()).unwrap();
        let address = url.socket_addrs(|| None).unwrap()[0];
        let door = Door::before(address).await;
        let settings = PoolSettings {
            url: door.url(self.database.url()),
            role: Some("order_worker"),
            application_name: "behind-a-door",
            size_max: 2,
        };
        let pool = Pool::new(&settings).unwrap();
        (door, pool)
    }

    pub(crate) fn questions(&self, pool: &Pool) -> Questions {
        let policy = QuestionPolicy {
            first_ages: vec![Duration::from_secs(3600)],
            give_up_age: Duration::from_secs(24 * 3600),
            not_found_grace: Duration::from_secs(900),
            job_attempts_max: 5,
        };
        Questions { pool: pool.clone(), gateways: self.till.gateways(), policy }
    }

    /// An unpaid intent for one unit of something new; its question is due.
    pub(crate) async fn open(&self) -> Sale {
        let variant = self.shop.variant(PRICE_MINOR, 1).await;
        let cart = self.shop.cart(&[(&variant, 1)]).await;
        let intent = self.shop.intent(Provider::Khalti, &cart).await;
        self.set("UPDATE job_queue SET run_at = now() WHERE status = 'pending'").await;
        Sale { intent, variant }
    }

    /// The same, verified: its order is due, and its question is not.
    pub(crate) async fn verified(&self) -> Sale {
        let sale = self.open().await;
        self.set("UPDATE job_queue SET status = 'cancelled' WHERE status = 'pending' AND job_type = 'verify_payment'").await;
        self.shop.verify(&sale.intent).await;
        sale
    }

    pub(crate) async fn claim(&self, worker_id: &WorkerId, job_type: &str) -> Vec<Lease> {
        let mut connection = self.pool.connection().await.unwrap();
        queue::claim(&mut connection, worker_id, job_type, 50, LEASE).await.unwrap()
    }

    /// Ends the leases of these jobs as far as time can: whoever is inside a transaction with one keeps it.
    pub(crate) async fn let_leases_run_out(&self, job_ids: &[i64]) {
        let run_out = "UPDATE job_queue SET locked_until = now() - interval '1 second' WHERE id IN
            (SELECT id FROM job_queue WHERE status = 'processing' AND id = ANY ($1) FOR UPDATE SKIP LOCKED)";
        self.shop.client.execute(run_out, &[&job_ids]).await.unwrap();
    }

    /// What the server does to a transaction that has been idle for too long.
    pub(crate) async fn end_sessions_behind_the_door(&self) {
        let end = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'behind-a-door'";
        assert!(self.count(end).await > 0);
    }

    /// Returns the ids of rescued jobs.
    pub(crate) async fn rescue(&self) -> Vec<i64> {
        let pool = self.database.pool_as("stale_job_reaper");
        let rescue = queue::rescue_stale(&mut pool.connection().await.unwrap()).await.unwrap();
        rescue.requeued.into_iter().chain(rescue.failed).map(|job| job.job_id).collect()
    }

    pub(crate) async fn set(&self, statement: &str) {
        self.shop.client.batch_execute(statement).await.unwrap();
    }

    pub(crate) async fn count(&self, ask: &str) -> i64 {
        self.shop.client.query_one(ask, &[]).await.unwrap().get(0)
    }

    /// One text of one row, `''` where it is NULL.
    pub(crate) async fn text(&self, ask: &str) -> String {
        self.shop.client.query_one(ask, &[]).await.unwrap().get::<_, Option<String>>(0).unwrap_or_default()
    }

    /// A digest of everything that counts. When the gateway was asked last, and what it said then, is no effect: the
    /// distance between questions and the history of answers are the gateway's truth, whoever heard it.
    pub(crate) async fn everything(&self) -> String {
        self.text(
            "SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
                SELECT format('%s', j) FROM job_queue j UNION ALL SELECT format('%s', o) FROM orders o
                UNION ALL SELECT format('%s', oi) FROM order_items oi UNION ALL SELECT format('%s', i) FROM inventory i
                UNION ALL SELECT format('%s', m) FROM inventory_movements m UNION ALL SELECT format('%s', c) FROM review_cases c
                UNION ALL SELECT format('%s', ca) FROM carts ca UNION ALL SELECT format('%s', ci) FROM cart_items ci
                UNION ALL SELECT format('%s', r) FROM refunds r
                UNION ALL SELECT format('%s', e) FROM payment_intent_events e WHERE e.kind = 'status_changed'
                UNION ALL SELECT format('%s %s %s %s', v.id, v.payment_intent_id, v.status, v.amount_minor)
                            FROM payment_gateway_verifications v
                UNION ALL SELECT (to_jsonb(pi) - 'last_asked_at')::text FROM payment_intents pi
             ) AS lines (line)",
        )
        .await
    }
}
