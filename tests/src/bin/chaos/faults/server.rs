use super::Storm;
use crate::draw::{Bag, Draw};

const PAUSE_MS: (u64, u64) = (8_000, 30_000);

impl Storm<'_> {
    /// Restarts Postgres, by turns in order and as a crash does. A server that is somebody else's is left alone.
    pub(super) async fn server(&self) -> anyhow::Result<()> {
        if !self.ground.is_own() {
            return Ok(());
        }
        let mut draw = Draw::of(self.seed, "server", 0);
        let mut modes = Bag::new(vec!["immediate", "fast"]);
        while self.pause(draw.pause(PAUSE_MS.0, PAUSE_MS.1)).await {
            let Some(mode) = modes.draw(&mut draw) else { break };
            self.injected.count(&format!("Postgres restarted ({mode})"));
            self.ground.restart(mode).await?;
        }
        Ok(())
    }
}
