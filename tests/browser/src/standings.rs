#![expect(clippy::unwrap_used, reason = "a test whose payment cannot be brought there has failed")]

use pipeline_tests::{Checkout, Program, Provider, Shopper, Signal};
use serde_json::json;

use crate::world::World;

/// Where a payment can stand, as shoppers are told.
pub const STANDINGS: [&str; 9] = [
    "awaiting_payment",
    "verifying",
    "paid",
    "confirmed",
    "failed",
    "expired",
    "refunding",
    "refunded",
    "under_review",
];

impl World {
    /// A payment that stands there because of what the gateway and the shopper did. For `paid` the worker is frozen:
    /// call [`World::thaw`] afterwards.
    ///
    /// # Panics
    /// Where the word is none of [`STANDINGS`].
    pub async fn payment_that_is(&self, standing: &str) -> Checkout {
        match standing {
            "awaiting_payment" => self.checkout(Provider::Esewa).await.1,
            "verifying" => self.return_after(Provider::Esewa, "pending", standing).await,
            "paid" => {
                self.pipeline.signal(Program::OrderWorker(0), Signal::Stop).await.unwrap();
                self.return_after(Provider::Esewa, "pay", standing).await
            }
            "confirmed" => self.return_after(Provider::Esewa, "pay", standing).await,
            "failed" => self.return_after(Provider::Khalti, "cancel", standing).await,
            "expired" => self.let_expire().await,
            "refunding" => self.pay_second("refund_server_error", standing).await,
            "refunded" => self.pay_second("redirect_twice", standing).await,
            "under_review" => self.pay_wrong_amount().await,
            other => panic!("no payment stands at {other}"),
        }
    }

    /// Lets the worker go on.
    pub async fn thaw(&self) {
        self.pipeline.signal(Program::OrderWorker(0), Signal::Continue).await.unwrap();
    }

    async fn return_after(&self, provider: Provider, action: &str, standing: &str) -> Checkout {
        let (shopper, checkout) = self.checkout(provider).await;
        self.act(&shopper, &checkout, action).await;
        self.await_status(&shopper, &checkout, standing).await;
        checkout
    }

    async fn act(&self, shopper: &Shopper, checkout: &Checkout, action: &str) {
        for redirect in shopper.at_gateway(checkout, action).await.unwrap() {
            shopper.follow(&redirect).await.unwrap();
        }
    }

    async fn let_expire(&self) -> Checkout {
        let (shopper, checkout) = self.checkout(Provider::Khalti).await;
        let pass =
            "UPDATE payment_intents SET created_at = created_at - interval '1 hour', expires_at = now()
            WHERE payment_intent_id = $1";
        self.shop.client.execute(pass, &[&checkout.payment_intent_id]).await.unwrap();
        self.await_status(&shopper, &checkout, "expired").await;
        checkout
    }

    /// Pays two intents of one cart: the later payment has to go back.
    async fn pay_second(&self, mode: &str, standing: &str) -> Checkout {
        let (shopper, second) = self.checkout(Provider::Khalti).await;
        let modes = json!({ "modes": [mode] });
        self.pipeline.sandbox().set_modes(&second, &modes).await.unwrap();
        let first = shopper.checkout(Provider::Esewa).await.unwrap();
        shopper.pay(&first).await.unwrap();
        self.await_status(&shopper, &first, "confirmed").await;
        self.act(&shopper, &second, "pay").await;
        self.await_status(&shopper, &second, standing).await;
        second
    }

    async fn pay_wrong_amount(&self) -> Checkout {
        let (shopper, checkout) = self.checkout(Provider::Khalti).await;
        let modes = json!({ "modes": ["answer_wrong_amount"] });
        self.pipeline.sandbox().set_modes(&checkout, &modes).await.unwrap();
        self.act(&shopper, &checkout, "pay").await;
        self.await_status(&shopper, &checkout, "under_review").await;
        checkout
    }
}
