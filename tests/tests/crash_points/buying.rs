//! What shoppers do before and after a crash.

use pipeline_tests::{Checkout, Provider, Shopper};

use crate::stage::{Stage, until};

const UNIT_PRICE_MINOR: i64 = 150_000;
pub(crate) const STOCK: i32 = 1_000;

/// Someone who wants one unit of something that nobody else wants.
pub(crate) struct Purchase {
    pub(crate) shopper: Shopper,
    pub(crate) variant_id: String,
    pub(crate) cart_version: i64,
}

/// The same with an intent.
pub(crate) struct Intended {
    pub(crate) purchase: Purchase,
    pub(crate) checkout: Checkout,
}

impl Purchase {
    pub(crate) async fn of_one(stage: &Stage) -> Self {
        let variant_id = stage.shop.variant(UNIT_PRICE_MINOR, STOCK).await;
        let shopper = stage.pipeline.shopper(&format!("guest-{}", uuid::Uuid::new_v4())).await.unwrap();
        let cart = shopper.put_in_cart(&variant_id, 1).await.unwrap();
        Self { shopper, variant_id, cart_version: cart["version"].as_i64().unwrap() }
    }

    /// `available`, `reserved` and `sold`.
    pub(crate) async fn stock(&self, stage: &Stage) -> (i32, i32, i32) {
        stage.shop.stock(&self.variant_id).await
    }
}

impl Intended {
    /// An intent whose payment page is open.
    pub(crate) async fn to_buy_one(stage: &Stage, provider: Provider) -> Self {
        let purchase = Purchase::of_one(stage).await;
        let checkout = purchase.shopper.checkout(provider).await.unwrap();
        purchase.shopper.open_payment_page(&checkout).await.unwrap();
        Self { purchase, checkout }
    }

    pub(crate) fn id(&self) -> &str {
        &self.checkout.payment_intent_id
    }

    /// Pays; returns where the gateway sends the browser then.
    pub(crate) async fn pay(&self) -> String {
        self.purchase.shopper.at_gateway(&self.checkout, "pay").await.unwrap().remove(0)
    }

    /// Pays and comes back to the shop.
    pub(crate) async fn pay_and_return(&self) {
        let redirect = self.pay().await;
        assert!(self.purchase.shopper.follow(&redirect).await.unwrap().status.is_success());
    }

    pub(crate) async fn status(&self, stage: &Stage) -> String {
        let ask = "SELECT status FROM payment_intents WHERE payment_intent_id = $1";
        stage.value(ask, self.id()).await
    }

    pub(crate) async fn await_status(&self, stage: &Stage, wanted: &[&str]) -> String {
        until(&format!("{} is {wanted:?}", self.id()), async || {
            Some(self.status(stage).await).filter(|status| wanted.contains(&status.as_str()))
        })
        .await
    }

    /// Its time passes unpaid, and the reaper sees it.
    pub(crate) async fn expire(&self, stage: &Stage) {
        let pass = "UPDATE payment_intents SET expires_at = clock_timestamp() WHERE payment_intent_id = $1";
        stage.shop.client.execute(pass, &[&self.id()]).await.unwrap();
        self.await_status(stage, &["expired"]).await;
    }

    /// One order, one unit sold, one finished job, an empty cart, no case: what every payment comes to that nothing
    /// is wrong with.
    pub(crate) async fn assert_bought_once(&self, stage: &Stage) {
        self.await_status(stage, &["completed"]).await;
        let id = self.id();
        let count = async |ask: &str| -> i64 { stage.value(ask, id).await };
        assert_eq!(count("SELECT count(*) FROM orders WHERE payment_intent_id = $1").await, 1);
        assert_eq!(
            count("SELECT count(*) FROM payment_gateway_verifications WHERE payment_intent_id = $1").await,
            1
        );
        assert_eq!(count("SELECT count(*) FROM review_cases WHERE payment_intent_id = $1").await, 0);
        let jobs =
            "SELECT string_agg(status, ',') FROM job_queue WHERE idempotency_key = 'finalize_order:' || $1";
        assert_eq!(stage.value::<String>(jobs, id).await, "completed");
        assert_eq!(self.purchase.stock(stage).await, (STOCK - 1, 0, 1));
        let shopper = &self.purchase.shopper;
        assert_eq!(shopper.cart().await.unwrap()["item_count"], 0);
        assert_eq!(shopper.status(id).await.unwrap()["status"], "confirmed");
    }
}
