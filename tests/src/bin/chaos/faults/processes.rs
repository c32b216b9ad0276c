use anyhow::bail;
use pipeline_tests::{Pipeline, Program, Signal};

use super::Storm;
use crate::{
    draw::{Bag, Draw},
    settings::LEASE,
};

const PAUSE_MS: (u64, u64) = (1_000, 6_000);
const DEAD_MS: (u64, u64) = (0, 2_000);
/// Beyond the lease.
const FROZEN_MS: (u64, u64) = (300, 2_500);

#[derive(Debug, Clone, Copy)]
enum Blow {
    Kill,
    Freeze,
    Terminate,
}

const SERVICES: [Program; 4] =
    [Program::CheckoutApi, Program::PaymentCallback, Program::OrderWorker(0), Program::StaleJobReaper];

impl Storm<'_> {
    /// Kills, freezes and stops the processes of one replica, one at a time.
    pub(super) async fn processes(&self, number: u64, replica: &mut Pipeline) -> anyhow::Result<()> {
        let mut draw = Draw::of(self.seed, "processes", number);
        let mut blows = Vec::new();
        for program in SERVICES {
            blows.extend([Blow::Kill, Blow::Freeze, Blow::Terminate].map(|blow| (blow, program)));
        }
        // Workers are what leases are about.
        blows.extend(
            [Blow::Kill, Blow::Freeze, Blow::Kill, Blow::Freeze].map(|blow| (blow, Program::OrderWorker(0))),
        );
        let mut blows = Bag::new(blows);
        while self.pause(draw.pause(PAUSE_MS.0, PAUSE_MS.1)).await {
            if let Some((program, status)) = replica.ended_by_themselves()?.first() {
                bail!("{program} ended by itself: {status}");
            }
            let Some((blow, program)) = blows.draw(&mut draw) else { break };
            self.strike(replica, blow, program, &mut draw).await?;
        }
        Ok(())
    }

    async fn strike(
        &self,
        replica: &mut Pipeline,
        blow: Blow,
        program: Program,
        draw: &mut Draw,
    ) -> anyhow::Result<()> {
        match blow {
            Blow::Kill => {
                self.injected.count(&format!("SIGKILL {program}"));
                replica.kill(program).await?;
                self.pause(draw.pause(DEAD_MS.0, DEAD_MS.1)).await;
                replica.restart(program).await
            }
            Blow::Freeze => {
                self.injected.count(&format!("SIGSTOP past the lease {program}"));
                replica.signal(program, Signal::Stop).await?;
                tokio::time::sleep(LEASE + draw.pause(FROZEN_MS.0, FROZEN_MS.1)).await;
                replica.signal(program, Signal::Continue).await
            }
            Blow::Terminate => {
                self.injected.count(&format!("SIGTERM {program}"));
                replica.terminate(program).await?;
                replica.restart(program).await
            }
        }
    }
}
