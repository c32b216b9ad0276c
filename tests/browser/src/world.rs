#![expect(clippy::unwrap_used, reason = "a test whose world cannot be made has failed")]

use pipeline_tests::{Checkout, Pipeline, PipelineOptions, Provider, Shopper};
use test_support::{TestDatabase, factories::Shop};

use crate::waiting::{SOON, until};

/// Minutes of production in seconds of a test.
const QUICK: [(&str, &str); 5] = [
    ("RECONCILE__SCHEDULE_SECONDS", "1,2,3,4,5,6,7,8,9,10,12,14,16,18,20,25,30"),
    ("WORKER__LEASE_SECONDS", "4"),
    ("REAPER__INTERVAL_SECONDS", "0.2"),
    ("GATEWAY__TIMEOUT_MS", "2000"),
    ("JOB__BACKOFF_BASE_MS", "100"),
];

/// Rs 1,25,000: enough for the commas of lakhs.
pub const UNIT_PRICE_MINOR: i64 = 12_500_000;
/// The audience of tokens for the console.
pub(crate) const OPERATORS_AUDIENCE: &str = "operators";
const STOCK: i32 = 100;

/// A pipeline of the test's own on a database of its own.
pub struct World {
    // Dropped first: the database goes after those who use it.
    pub pipeline: Pipeline,
    pub shop: Shop,
    pub database: TestDatabase,
    /// The variant that [`World::checkout`] buys; without one it puts a new one on sale every time.
    pub goods: Option<String>,
}

impl World {
    /// Starts everything.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts everything with settings beside, or instead of, the quick ones.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        let database = TestDatabase::create().await;
        let options = QUICK
            .iter()
            .chain(settings)
            .fold(PipelineOptions::new(database.url()), |options, (name, value)| {
                options.setting(name, value)
            });
        let pipeline = Pipeline::start(options).await.unwrap();
        let shop = Shop::open(&database).await;
        Self { pipeline, shop, database, goods: None }
    }

    /// Puts something on sale under this name, and returns its variant.
    pub async fn sell(&self, name: &str, available: i32) -> String {
        let variant_id = self.shop.variant(UNIT_PRICE_MINOR, available).await;
        let rename = "UPDATE products SET name = $2 WHERE product_id = 'p-' || $1";
        self.shop.client.execute(rename, &[&variant_id, &name]).await.unwrap();
        variant_id
    }

    /// An address of the demo shop.
    pub fn shop_url(&self, path: &str) -> String {
        format!("{}/shop{path}", self.pipeline.sandbox_url())
    }

    /// Where a person follows a payment.
    pub fn status_page(&self, checkout: &Checkout) -> String {
        format!("{}/payment/status/{}", self.pipeline.callback_url(), checkout.payment_intent_id)
    }

    /// The gateway's own page for a payment.
    pub fn payment_page(&self, checkout: &Checkout) -> String {
        let (sandbox, reference) = (self.pipeline.sandbox_url(), &checkout.gateway_reference);
        match checkout.provider {
            Provider::Esewa => format!("{sandbox}/esewa/pay/{reference}"),
            Provider::Khalti => format!("{sandbox}/khalti/pay?pidx={reference}"),
        }
    }

    /// A guest with something in the cart and an intent for it, at the gateway's page.
    pub async fn checkout(&self, provider: Provider) -> (Shopper, Checkout) {
        let variant = match &self.goods {
            Some(variant_id) => variant_id.clone(),
            None => self.shop.variant(UNIT_PRICE_MINOR, STOCK).await,
        };
        let shopper = self.pipeline.shopper(&format!("guest-{}", uuid::Uuid::new_v4())).await.unwrap();
        shopper.put_in_cart(&variant, 1).await.unwrap();
        let checkout = shopper.checkout(provider).await.unwrap();
        shopper.open_payment_page(&checkout).await.unwrap();
        (shopper, checkout)
    }

    /// Pays, and returns where the gateway sends the browser.
    pub async fn pay(&self, shopper: &Shopper, checkout: &Checkout) -> String {
        shopper.at_gateway(checkout, "pay").await.unwrap().remove(0)
    }

    /// The number of the order that an intent became, once there is one.
    pub async fn order_number(&self, checkout: &Checkout) -> String {
        let ask = "SELECT order_number FROM orders WHERE payment_intent_id = $1";
        until("an order", async || {
            let row = self.shop.client.query_opt(ask, &[&checkout.payment_intent_id]).await.unwrap();
            row.map(|row| row.get(0))
        })
        .await
    }

    /// Waits until the shopper's API says so.
    pub async fn await_status(&self, shopper: &Shopper, checkout: &Checkout, wanted: &str) {
        shopper.await_status(&checkout.payment_intent_id, wanted, SOON).await.unwrap();
    }

    /// Ends the test: no promise is broken, and every service ends in order.
    pub async fn close(self) {
        self.database.assert_no_violations().await;
        self.pipeline.stop().await.unwrap();
    }
}
