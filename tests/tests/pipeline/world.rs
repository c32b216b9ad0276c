use std::{collections::BTreeMap, time::Duration};

use pipeline_tests::{Checkout, Differences, Pipeline, PipelineOptions, Provider, Shopper, compare_books};
use test_support::{TestDatabase, factories::Shop};
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

/// Bounds every wait for something that has to happen.
pub(crate) const SOON: Duration = Duration::from_secs(30);
const PROBE_INTERVAL: Duration = Duration::from_millis(25);

/// Written by every turn of the check, whether or not anything has changed.
const PLACE_OF_THE_CHECK: [&str; 3] =
    ["invariant_check_progress", "invariant_check_cursors", "stock_checkpoints"];

/// Rs 1,500: enough for thousands commas.
pub(crate) const UNIT_PRICE_MINOR: i64 = 150_000;
const STOCK: i32 = 1_000;

/// Minutes of production in seconds of a test.
const QUICK: [(&str, &str); 5] = [
    ("RECONCILE__SCHEDULE_SECONDS", "1,2,3,4,5,6,7,8,9,10,12,14,16,18,20,25,30"),
    ("WORKER__LEASE_SECONDS", "4"),
    ("REAPER__INTERVAL_SECONDS", "0.2"),
    ("GATEWAY__TIMEOUT_MS", "1000"),
    ("JOB__BACKOFF_BASE_MS", "100"),
];

/// A pipeline of the test's own on a database of its own, with goods to sell.
pub(crate) struct World {
    // Dropped first: the database goes after those who use it.
    pub(crate) pipeline: Pipeline,
    pub(crate) shop: Shop,
    pub(crate) database: TestDatabase,
}

/// An intent as its row says, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IntentRow {
    pub(crate) status: String,
    pub(crate) reservation: String,
    pub(crate) orders: i64,
    /// The kind of its open review case.
    pub(crate) open_case: Option<String>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts the pipeline with settings beside, or instead of, the quick ones.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await;
        let url = database.url().to_owned();
        Self::start_at(database, &url, settings).await
    }

    /// The same, with the services reaching the database at another address.
    pub(crate) async fn start_at(database: TestDatabase, url: &str, settings: &[(&str, &str)]) -> Self {
        let options = QUICK
            .iter()
            .chain(settings)
            .fold(PipelineOptions::new(url), |options, (name, value)| options.setting(name, value));
        let pipeline = Pipeline::start(options).await.unwrap();
        let shop = Shop::open(&database).await;
        Self { pipeline, shop, database }
    }

    /// A connection of the test's own.
    pub(crate) fn rows(&self) -> &Client {
        &self.shop.client
    }

    pub(crate) async fn variant(&self) -> String {
        self.shop.variant(UNIT_PRICE_MINOR, STOCK).await
    }

    /// A new guest with these variants and quantities in the cart.
    pub(crate) async fn shopper_with(&self, lines: &[(&str, u32)]) -> Shopper {
        let shopper = self.pipeline.shopper(&format!("guest-{}", uuid::Uuid::new_v4())).await.unwrap();
        for (variant_id, quantity) in lines {
            shopper.put_in_cart(variant_id, *quantity).await.unwrap();
        }
        shopper
    }

    /// A new guest who wants one unit of something new, and has an intent for it.
    pub(crate) async fn checkout(&self, provider: Provider) -> (Shopper, Checkout) {
        let shopper = self.shopper_with(&[(&self.variant().await, 1)]).await;
        let checkout = shopper.checkout(provider).await.unwrap();
        (shopper, checkout)
    }

    /// The same, already paid and confirmed.
    pub(crate) async fn buy(&self, provider: Provider) -> (Shopper, Checkout) {
        let (shopper, checkout) = self.checkout(provider).await;
        shopper.pay(&checkout).await.unwrap();
        self.await_client_status(&shopper, &checkout, "confirmed").await;
        (shopper, checkout)
    }

    /// Waits until the shopper is told `wanted`.
    pub(crate) async fn await_client_status(&self, shopper: &Shopper, checkout: &Checkout, wanted: &str) {
        shopper.await_status(&checkout.payment_intent_id, wanted, SOON).await.unwrap();
    }

    pub(crate) async fn intent(&self, payment_intent_id: &str) -> IntentRow {
        let ask = "SELECT status, reservation,
                (SELECT count(*) FROM orders o WHERE o.payment_intent_id = pi.payment_intent_id),
                (SELECT kind FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open')
            FROM payment_intents pi WHERE payment_intent_id = $1";
        let row = self.rows().query_one(ask, &[&payment_intent_id]).await.unwrap();
        IntentRow { status: row.get(0), reservation: row.get(1), orders: row.get(2), open_case: row.get(3) }
    }

    /// Waits until the intent's row has this status.
    pub(crate) async fn await_intent(&self, checkout: &Checkout, status: &str) -> IntentRow {
        let id = &checkout.payment_intent_id;
        until(&format!("{id} is {status}"), async || {
            Some(self.intent(id).await).filter(|intent| intent.status == status)
        })
        .await
    }

    /// `available`, `reserved` and `sold` of a variant.
    pub(crate) async fn stock(&self, variant_id: &str) -> (i32, i32, i32) {
        let ask = "SELECT available, reserved, sold FROM inventory WHERE variant_id = $1";
        let row = self.rows().query_one(ask, &[&variant_id]).await.unwrap();
        (row.get(0), row.get(1), row.get(2))
    }

    /// A number from the database.
    pub(crate) async fn count(&self, ask: &str) -> i64 {
        self.rows().query_one(ask, &[]).await.unwrap().get(0)
    }

    /// A digest of every row of every table but these, and but where the reaper's check of the invariants keeps its place:
    /// equal before and after what must change nothing.
    pub(crate) async fn fingerprint(&self, but: &[&str]) -> BTreeMap<String, String> {
        let ask = "SELECT table_name::text FROM information_schema.tables
            WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
        let mut digests = BTreeMap::new();
        for row in self.rows().query(ask, &[]).await.unwrap() {
            let table: String = row.get(0);
            if but.contains(&table.as_str()) || PLACE_OF_THE_CHECK.contains(&table.as_str()) {
                continue;
            }
            let ask =
                format!("SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM {table} t");
            let digest = self.rows().query_one(&ask, &[]).await.unwrap().get(0);
            digests.insert(table, digest);
        }
        digests
    }

    /// Ends the scenario: nothing is under way any more, no promise is broken, and the gateways' books agree with
    /// ours.
    pub(crate) async fn close(self) {
        self.close_with_undiscovered(&[]).await;
    }

    /// The same where gateways hide what happened to some payments: those must still be asked about.
    pub(crate) async fn close_with_undiscovered(self, undiscovered: &[Checkout]) {
        until("every verified payment has its outcome", async || {
            let ask = "SELECT count(*) FROM payment_intents WHERE status = 'verified'";
            (self.count(ask).await == 0).then_some(())
        })
        .await;
        let found =
            self.rows().query("SELECT invariant, subject, detail FROM invariant_violations", &[]).await;
        let violations: Vec<String> = found
            .unwrap()
            .iter()
            .map(|row| {
                format!("{} of {}: {}", row.get::<_, &str>(0), row.get::<_, &str>(1), row.get::<_, &str>(2))
            })
            .collect();
        assert_eq!(violations, Vec::<String>::new());
        let references: Vec<&str> =
            undiscovered.iter().map(|checkout| checkout.gateway_reference.as_str()).collect();
        let differences = compare_books(self.rows(), &self.pipeline.sandbox(), &references).await.unwrap();
        assert_eq!(differences, Differences::default());
        self.pipeline.stop().await.unwrap();
    }
}

/// Waits, within bounds, until the probe finds something.
pub(crate) async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        sleep(PROBE_INTERVAL).await;
    }
}
