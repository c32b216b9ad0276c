use std::time::Duration;

use pipeline_tests::{Checkout, Pipeline, PipelineOptions, Provider, Shopper};
use test_support::{TestDatabase, factories::Shop};
use tokio::time::{Instant, sleep};

/// Bounds every wait for something that has to happen.
pub(crate) const SOON: Duration = Duration::from_secs(60);
const PROBE_INTERVAL: Duration = Duration::from_millis(25);

pub(crate) const SERVICES: [&str; 5] =
    ["checkout-api", "payment-callback", "order-worker", "stale-job-reaper", "admin-console"];

pub(crate) const UNIT_PRICE_MINOR: i64 = 150_000;
pub(crate) const STOCK: i32 = 10_000;

/// Minutes of production in seconds of a test.
pub(crate) const QUICK: [(&str, &str); 5] = [
    ("RECONCILE__SCHEDULE_SECONDS", "1,2,3,4,5,6,7,8,9,10,12,14,16,18,20,25,30"),
    ("WORKER__LEASE_SECONDS", "4"),
    ("REAPER__INTERVAL_SECONDS", "0.2"),
    ("GATEWAY__TIMEOUT_MS", "2000"),
    ("JOB__BACKOFF_BASE_MS", "100"),
];

/// A pipeline of the test's own on a database of its own, with something to sell.
pub(crate) struct World {
    // Dropped first: the database goes after those who use it.
    pub(crate) pipeline: Pipeline,
    pub(crate) goods: String,
    pub(crate) database: TestDatabase,
}

impl World {
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
        let goods = shop.variant(UNIT_PRICE_MINOR, STOCK).await;
        Self { pipeline, goods, database }
    }

    /// A new guest with an intent, at the gateway's page.
    pub(crate) async fn checkout(&self, provider: Provider) -> (Shopper, Checkout) {
        let shopper = self.pipeline.shopper(&format!("guest-{}", uuid::Uuid::new_v4())).await.unwrap();
        shopper.put_in_cart(&self.goods, 1).await.unwrap();
        let checkout = shopper.checkout(provider).await.unwrap();
        shopper.open_payment_page(&checkout).await.unwrap();
        (shopper, checkout)
    }

    /// The same, paid and confirmed.
    pub(crate) async fn buy(&self, provider: Provider) -> Checkout {
        let (shopper, checkout) = self.checkout(provider).await;
        pay(&shopper, &checkout).await;
        shopper.await_status(&checkout.payment_intent_id, "confirmed", SOON).await.unwrap();
        checkout
    }

    /// Ends the scenario: no promise is broken.
    pub(crate) async fn close(self) {
        self.database.assert_no_violations().await;
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

/// Pays at the page that is open, and comes back.
pub(crate) async fn pay(shopper: &Shopper, checkout: &Checkout) {
    let back = shopper.at_gateway(checkout, "pay").await.unwrap().remove(0);
    shopper.follow(&back).await.unwrap();
}
