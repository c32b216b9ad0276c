//! One row for every sweep to find, and one beside it that it must leave alone.

use std::{collections::HashMap, time::Duration};

use test_support::{
    TestDatabase,
    factories::{Intent, Provider, Shop},
};

/// Bounds every wait of these tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) shop: Shop,
    /// The variant of `expiring`, five of which there are.
    pub(crate) variant: String,
    pub(crate) expiring: Intent,
    /// Verified, and its job is gone.
    pub(crate) forgotten: Intent,
}

impl World {
    /// A database in which every sweep has something to do.
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let (variant, expiring) = intent(&shop).await;
        let (_, forgotten) = intent(&shop).await;
        shop.verify(&forgotten).await;
        let (_, open) = intent(&shop).await;
        let world = Self { database, shop, variant, expiring, forgotten };
        world
            .set(
                "UPDATE payment_intents SET created_at = now() - interval '1 hour', updated_at = now() - interval '59 seconds';
                 DELETE FROM job_queue WHERE job_type = 'finalize_order'",
            )
            .await;
        let id = &world.expiring.payment_intent_id;
        world
            .set(&format!("UPDATE payment_intents SET expires_at = now() WHERE payment_intent_id = '{id}'"))
            .await;
        world
            .set(&format!(
                "INSERT INTO job_queue (job_type, status, locked_by, locked_until, attempts, crash_count)
                 VALUES ('finalize_order', 'processing', 'a dead worker', now() - interval '1 second', 1, 0),
                        ('finalize_order', 'processing', 'a live worker', now() + interval '1 hour', 1, 0),
                        ('unheard_of', 'processing', 'a dead worker', now() - interval '1 second', 3, 2);
                 INSERT INTO job_queue (job_type, status, completed_at, updated_at)
                 VALUES ('old', 'completed', now(), now() - interval '31 days'), ('new', 'completed', now(), now());
                 INSERT INTO job_queue (job_type, status, failed_at, updated_at)
                 VALUES ('failed', 'failed', now(), now() - interval '31 days');
                 INSERT INTO idempotency_keys (user_id, idempotency_key, request_digest, payment_intent_id, created_at)
                 SELECT 'shopper', age, sha256('x'), '{}', now() - age::interval FROM unnest(ARRAY['31days', '1day']) AS age",
                open.payment_intent_id
            ))
            .await;
        world
    }

    pub(crate) fn environment(&self, changes: &[(&str, &str)]) -> HashMap<String, String> {
        let pairs = [
            ("DATABASE_URL", self.database.url()),
            ("HTTP__ADDR", "127.0.0.1:0"),
            ("REAPER__INTERVAL_SECONDS", "0.05"),
        ];
        let pairs = pairs.iter().chain(changes);
        pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    pub(crate) async fn set(&self, statements: &str) {
        self.shop.client.batch_execute(statements).await.unwrap();
    }

    pub(crate) async fn count(&self, query: &str) -> i64 {
        self.shop.client.query_one(query, &[]).await.unwrap().get(0)
    }

    /// What every sweep was to do is done, and nothing else.
    pub(crate) async fn assert_swept(&self) {
        let states = "SELECT string_agg(format('%s %s %s', job_type, status, crash_count), ', ' ORDER BY job_type, status, crash_count)
            FROM job_queue WHERE job_type <> 'verify_payment'";
        let row = self.shop.client.query_one(states, &[]).await.unwrap();
        let expected = "failed failed 0, finalize_order pending 0, finalize_order pending 1, finalize_order processing 0, \
            new completed 0, unheard_of failed 3";
        assert_eq!(row.get::<_, &str>(0), expected);
        assert_eq!(self.count("SELECT count(*) FROM idempotency_keys").await, 1);
        assert_eq!(self.shop.status(&self.expiring).await, "expired");
        assert_eq!(self.shop.stock(&self.variant).await, (5, 0, 0));
        let owed = "SELECT count(*) FROM job_queue WHERE job_type = 'finalize_order' AND status = 'pending' AND payload ->> 'payment_intent_id' = $1";
        let owed: i64 =
            self.shop.client.query_one(owed, &[&self.forgotten.payment_intent_id]).await.unwrap().get(0);
        assert_eq!(owed, 1);
        self.database.assert_no_violations().await;
    }
}

async fn intent(shop: &Shop) -> (String, Intent) {
    let variant = shop.variant(1_000, 5).await;
    let cart = shop.cart(&[(&variant, 2)]).await;
    let intent = shop.intent(Provider::Esewa, &cart).await;
    (variant, intent)
}
