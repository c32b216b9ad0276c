//! Everything that goes wrong, on lanes that do not know of one another, until the run is told that it is enough.

mod gateways;
mod network;
mod processes;
mod server;

use std::time::Duration;

use pipeline_tests::{Pipeline, SandboxControl, fault_proxy::FaultProxy};
use tokio_util::sync::CancellationToken;

use crate::{draw::Draw, ground::Ground, plan::GatewayModes, tally::Tally, world::REPLICAS};

/// What the lanes have at hand.
#[derive(Debug)]
pub(crate) struct Storm<'a> {
    pub(crate) seed: u64,
    pub(crate) ground: &'a Ground,
    /// In front of Postgres, one for each replica.
    pub(crate) proxies: &'a [FaultProxy; REPLICAS],
    pub(crate) sandbox: &'a SandboxControl,
    pub(crate) modes: &'a GatewayModes,
    /// Faults injected, by kind.
    pub(crate) injected: &'a Tally,
    /// Pauses between faults are so many times as long as in a short run, which has to meet every kind.
    pub(crate) lulls: u32,
    /// Cancelled when it is enough.
    pub(crate) enough: CancellationToken,
}

impl Storm<'_> {
    /// Rages until it is enough, then leaves everything as it should be: every process running, the network clear,
    /// Postgres up, the gateways open.
    ///
    /// # Errors
    /// Where a process ended by itself, did not end when asked, or did not come back.
    pub(crate) async fn rage(&self, replicas: &mut [Pipeline; REPLICAS]) -> anyhow::Result<()> {
        let [first, second] = replicas;
        let [before_first, before_second] = self.proxies;
        let lanes = tokio::try_join!(
            self.processes(0, first),
            self.processes(1, second),
            self.network(0, before_first),
            self.network(1, before_second),
            self.server(),
            self.gateways(),
        );
        // The lanes of a failed storm were dropped where they stood.
        for proxy in self.proxies {
            network::clear(proxy);
        }
        lanes.map(drop)
    }

    /// Nothing goes wrong on a lane for a while; `false` where it is enough now.
    async fn lull(&self, draw: &mut Draw, (low_ms, high_ms): (u64, u64)) -> bool {
        self.pause(draw.pause(low_ms, high_ms) * self.lulls).await
    }

    /// Sleeps; `false` where it is enough now.
    async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => true,
            () = self.enough.cancelled() => false,
        }
    }
}
