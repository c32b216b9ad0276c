use serde_json::json;

use super::Storm;
use crate::draw::{Bag, Draw};

const LULL_MS: (u64, u64) = (1_500, 5_000);
const LASTS_MS: (u64, u64) = (800, 2_500);
const SLOW_MS: (u64, u64) = (200, 2_500);

impl Storm<'_> {
    /// Has gateways refuse, lose or garble new sessions for a while, and the identity provider hide its keys. What
    /// each payment's gateway says later is planned with the payment.
    pub(super) async fn gateways(&self) -> anyhow::Result<()> {
        let mut draw = Draw::of(self.seed, "gateways", 0);
        let everywhere = self.modes.initiation.iter().chain(&self.modes.identity);
        let mut modes = Bag::new(everywhere.cloned().collect());
        while self.lull(&mut draw, LULL_MS).await {
            let Some(mode) = modes.draw(&mut draw) else { break };
            self.injected.count(&format!("gateway {mode}"));
            let slow_ms = draw.between(SLOW_MS.0, SLOW_MS.1);
            self.sandbox.set_defaults(&json!({ "modes": [mode], "slow_ms": slow_ms })).await?;
            self.pause(draw.pause(LASTS_MS.0, LASTS_MS.1)).await;
            self.sandbox.set_defaults(&json!({ "modes": [] })).await?;
        }
        Ok(())
    }
}
