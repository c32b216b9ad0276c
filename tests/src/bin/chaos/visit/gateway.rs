use pipeline_tests::Checkout;
use tokio::time::sleep;

use super::Customer;
use crate::plan::Payment;

impl Customer<'_> {
    /// Has the gateway misbehave about this payment as planned.
    pub(super) async fn set_modes(&self, payment: &Payment, checkout: &Checkout) -> anyhow::Result<()> {
        let proof = self.world.proof(checkout.provider);
        self.world.sandbox.set_modes(checkout, &payment.misbehaviour.body(proof)).await?;
        for mode in &payment.misbehaviour.modes {
            self.world.load.count(&format!("mode {} {mode}", checkout.provider.word()));
        }
        Ok(())
    }

    /// Opens the gateway's page and does there what was planned, coming back each time the gateway sends the browser.
    pub(super) async fn go_to_gateway(
        &mut self,
        payment: &Payment,
        checkout: &Checkout,
    ) -> anyhow::Result<()> {
        if !payment.opens_page {
            return Ok(());
        }
        let [storefront, _] = &self.storefronts;
        if storefront.open_payment_page(checkout).await.is_err() {
            self.world.load.count("pages that did not open");
            return Ok(());
        }
        for step in &payment.steps {
            sleep(step.pause).await;
            let redirects = match self.world.sandbox.act(checkout, step.action).await {
                Ok(Some(redirects)) => redirects,
                Ok(None) => {
                    self.world.load.count("actions that the gateway refused");
                    continue;
                }
                // It may have been done: then this shopper is one who paid and never came back.
                Err(_) => {
                    self.world.load.count("actions that were not answered");
                    continue;
                }
            };
            self.world.load.count(&format!("action {}", step.action));
            self.come_back(checkout, step.returning, &redirects).await;
        }
        Ok(())
    }
}
