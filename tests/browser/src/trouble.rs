#![expect(clippy::unwrap_used, reason = "a test that cannot make its trouble has failed")]

use pipeline_tests::{Checkout, Provider};

use crate::{
    waiting::until,
    world::{UNIT_PRICE_MINOR, World},
};

/// A job that gave up, and what it was about.
pub struct FailedJob {
    pub id: i64,
    pub checkout: Checkout,
}

impl World {
    /// Has the database refuse every order with this error, as a full disk would.
    pub async fn refuse_orders(&self, error: &str) {
        let refuse = format!(
            "CREATE FUNCTION refuse_orders() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION USING MESSAGE = '{}'; END $$;
             CREATE TRIGGER refuse_orders BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse_orders()",
            error.replace('\'', "''")
        );
        self.shop.client.batch_execute(&refuse).await.unwrap();
    }

    /// Lets orders be made again.
    pub async fn accept_orders(&self) {
        self.shop.client.batch_execute("DROP FUNCTION refuse_orders() CASCADE").await.unwrap();
    }

    /// A paid intent whose order was refused with this error until its job gave up; orders are accepted again. Start
    /// the world with few `JOB__MAX_ATTEMPTS`.
    pub async fn failed_job(&self, product: &str, user_id: &str, error: &str) -> FailedJob {
        self.refuse_orders(error).await;
        let variant = self.sell(product, 100).await;
        let shopper = self.pipeline.shopper(user_id).await.unwrap();
        shopper.put_in_cart(&variant, 1).await.unwrap();
        let checkout = shopper.checkout(Provider::Khalti).await.unwrap();
        assert_eq!(checkout.amount_minor, UNIT_PRICE_MINOR);
        shopper.pay(&checkout).await.unwrap();
        let ask = "SELECT id FROM job_queue
            WHERE job_type = 'finalize_order' AND status = 'failed' AND payload ->> 'payment_intent_id' = $1";
        let id = until("a job that gave up", async || {
            let row = self.shop.client.query_opt(ask, &[&checkout.payment_intent_id]).await.unwrap();
            row.map(|row| row.get(0))
        })
        .await;
        self.accept_orders().await;
        FailedJob { id, checkout }
    }
}
