use std::time::Duration;

use pipeline_tests::{Checkout, Pipeline, PipelineOptions, Program, Provider, Shopper};
use test_support::{TestDatabase, factories::Shop};
use tokio::time::{Instant, sleep};

/// Bounds every wait for something that has to happen.
pub(crate) const SOON: Duration = Duration::from_secs(60);
const PROBE_INTERVAL: Duration = Duration::from_millis(100);

/// Minutes of production in seconds of a test.
const QUICK: [(&str, &str); 3] =
    [("REAPER__INTERVAL_SECONDS", "0.2"), ("GATEWAY__TIMEOUT_MS", "1000"), ("WORKER__LEASE_SECONDS", "4")];

/// Every service, with the job under which Prometheus scrapes it.
pub(crate) const SERVICES: [(&str, Program); 5] = [
    ("checkout-api", Program::CheckoutApi),
    ("payment-callback", Program::PaymentCallback),
    ("order-worker", Program::OrderWorker(0)),
    ("stale-job-reaper", Program::StaleJobReaper),
    ("admin-console", Program::AdminConsole),
];

/// All five services on a database of the test's own, with something bought through each gateway.
pub(crate) struct World {
    // Dropped first: the database goes after those who use it.
    pub(crate) pipeline: Pipeline,
    pub(crate) shop: Shop,
    _database: TestDatabase,
}

impl World {
    pub(crate) async fn start() -> Self {
        let database = TestDatabase::create().await;
        let options = QUICK.iter().fold(PipelineOptions::new(database.url()), |options, (name, value)| {
            options.setting(name, value)
        });
        let mut pipeline = Pipeline::start(options).await.unwrap();
        pipeline.restart(Program::AdminConsole).await.unwrap();
        let shop = Shop::open(&database).await;
        let world = Self { pipeline, shop, _database: database };
        for provider in Provider::ALL {
            let (shopper, checkout) = world.checkout(provider).await;
            shopper.pay(&checkout).await.unwrap();
            shopper.await_status(&checkout.payment_intent_id, "confirmed", SOON).await.unwrap();
        }
        world
    }

    /// A new guest with an intent that nobody has paid.
    pub(crate) async fn checkout(&self, provider: Provider) -> (Shopper, Checkout) {
        let shopper = self.pipeline.shopper(&format!("guest-{}", uuid::Uuid::new_v4())).await.unwrap();
        shopper.put_in_cart(&self.shop.variant(150_000, 10).await, 1).await.unwrap();
        let checkout = shopper.checkout(provider).await.unwrap();
        (shopper, checkout)
    }

    pub(crate) async fn execute(&self, sql: &str) -> u64 {
        self.shop.client.execute(sql, &[]).await.unwrap()
    }
}

/// Waits, within bounds, until the probe finds something; what it last saw instead is told where it does not.
pub(crate) async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        match probe().await {
            Ok(found) => return found,
            Err(instead) => {
                assert!(Instant::now() < deadline, "not within {SOON:?}: {what}; instead {instead}")
            }
        }
        sleep(PROBE_INTERVAL).await;
    }
}
