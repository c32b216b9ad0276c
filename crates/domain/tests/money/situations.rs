//! Payments brought to where a test needs them, by what really happens.

use test_support::factories::{Intent, Provider};

use crate::world::{PRICE_MINOR, Sale, World};

impl World {
    /// Paid late at Khalti after the stock was sold elsewhere: on its way back.
    pub(crate) async fn refunding(&self) -> Sale {
        let sale = self.late_without_stock(Provider::Khalti).await;
        assert_eq!(self.shop.status(&sale.intent).await, "refunding");
        sale
    }

    /// Paid late, and sent back by our own call.
    pub(crate) async fn refunded(&self) -> Sale {
        let sale = self.refunding().await;
        self.run_refund().await;
        sale
    }

    /// Made, and the gateway has not been asked for its session yet.
    pub(crate) async fn created(&self) -> Sale {
        let variant = self.shop.variant(PRICE_MINOR, 1).await;
        let cart = self.shop.cart(&[(&variant, 1)]).await;
        let intent = self.shop.intent(Provider::Khalti, &cart).await;
        // Back to the moment before the call, which no use case can do: past the triggers.
        let unstart = format!(
            "SET session_replication_role = replica;
             UPDATE payment_intents SET status = 'created', gateway_reference = NULL WHERE payment_intent_id = '{0}';
             UPDATE payment_intent_events SET to_status = 'created' WHERE payment_intent_id = '{0}';
             RESET session_replication_role",
            intent.payment_intent_id
        );
        self.shop.client.batch_execute(&unstart).await.unwrap();
        Sale { intent, cart, variant }
    }

    /// Lets the time to pay run out.
    pub(crate) async fn let_time_pass(&self, intent: &Intent) {
        let pass = "UPDATE payment_intents SET expires_at = now() - interval '1 second' WHERE payment_intent_id = $1";
        assert_eq!(self.shop.client.execute(pass, &[&intent.payment_intent_id]).await.unwrap(), 1);
    }

    /// Paid at Khalti with another amount than was asked: a case.
    pub(crate) async fn under_review(&self, provider: Provider) -> Sale {
        let sale = self.intent(provider).await;
        self.act(&sale.intent, "pay").await;
        self.modes(&sale.intent, &["answer_wrong_amount"]).await;
        self.hear(&sale.intent).await;
        self.modes(&sale.intent, &[]).await;
        assert_eq!(self.shop.status(&sale.intent).await, "under_review");
        sale
    }

    /// Paid after it expired and after its only unit was sold elsewhere, and run through the order's job.
    pub(crate) async fn late_without_stock(&self, provider: Provider) -> Sale {
        let sale = self.intent(provider).await;
        self.shop.release(&sale.intent, "expired").await;
        self.set_stock(&sale.variant, 0).await;
        self.act(&sale.intent, "pay").await;
        self.hear(&sale.intent).await;
        self.finalize().await;
        sale
    }

    pub(crate) async fn paid(&self, provider: Provider) -> Sale {
        let sale = self.intent(provider).await;
        self.act(&sale.intent, "pay").await;
        self.hear(&sale.intent).await;
        assert_eq!(self.shop.status(&sale.intent).await, "verified");
        sale
    }

    pub(crate) async fn completed(&self, provider: Provider) -> Sale {
        let sale = self.paid(provider).await;
        self.finalize().await;
        assert_eq!(self.shop.status(&sale.intent).await, "completed");
        sale
    }
}
