use pipeline_tests::{Checkout, Provider, SandboxControl, Shopper};
use tokio::sync::Semaphore;

use crate::{plan::GatewayModes, tally::Tally, told::Told};

/// Replicas of every service.
pub(crate) const REPLICAS: usize = 2;
/// Requests that are open at a time.
const REQUESTS_MAX: usize = 64;

/// What every shopper of the run meets.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    /// Calls the replicas of checkout-api, with a token that belongs to nobody in particular.
    pub(crate) storefronts: [Shopper; REPLICAS],
    /// Where gateways send browsers, and the other replica.
    pub(crate) callbacks: [String; REPLICAS],
    /// A browser with no token, which follows no redirect by itself.
    pub(crate) http: reqwest::Client,
    pub(crate) sandbox: SandboxControl,
    pub(crate) modes: GatewayModes,
    /// A payment at each gateway that was confirmed before anything went wrong: what lying gateways borrow from.
    pub(crate) proofs: Vec<Checkout>,
    pub(crate) told: Told,
    /// What shoppers did and met.
    pub(crate) load: Tally,
    pub(crate) requests: Semaphore,
}

impl World {
    pub(crate) fn requests() -> Semaphore {
        Semaphore::new(REQUESTS_MAX)
    }

    /// The gateway reference of the payment that a lying gateway borrows from.
    pub(crate) fn proof(&self, provider: Provider) -> &str {
        let proof = self.proofs.iter().find(|checkout| checkout.provider == provider);
        proof.map_or("", |checkout| checkout.gateway_reference.as_str())
    }
}
