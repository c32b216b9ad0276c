//! From a cart to a payment that a gateway waits for: stock held, snapshot stored, first question owed.
//!
//! The cart's row is held from the first statement on, so requests of one user take turns; the counts of stock are
//! touched by the last statement, because strangers wait for those.

mod cart_lines;
mod create_intent;
mod desk;
mod earlier;
mod error;
mod identifiers;
mod repetition;
mod request;
mod reserve;
mod session;
mod together;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use schema::Pool;

use crate::{
    payments::gateway::{Gateway, Provider, Redirection},
    queue::Waker,
};

pub use create_intent::create_intent;
pub use desk::{IntentClerk, IntentDesk};
pub use error::{CreateIntentError, ShortLine};
pub use request::{CreateIntent, FieldProblem, ShippingAddress};
pub use schema::queries::payment_intents::create::SnapshotLine;

/// What checkout works with.
#[derive(Debug, Clone)]
pub struct Checkout {
    pub pool: Pool,
    pub waker: Waker,
    /// The gateways that are on.
    pub gateways: Vec<Arc<dyn Gateway>>,
    pub terms: Terms,
    /// Writes the answer to a request; the same bytes answer every repetition.
    pub write_answer: fn(&StartedIntent) -> Result<Vec<u8>, serde_json::Error>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How long an unpaid intent holds its stock.
    pub intent_ttl: Duration,
    /// How long one call to a gateway may take.
    pub gateway_timeout: Duration,
    /// Age at which the gateway is first asked about the payment.
    pub first_question_after: Duration,
    /// Attempts the question's job may need, at least one.
    pub job_attempts_max: i32,
}

/// A payment that its shopper can make.
#[derive(Debug, Clone)]
pub struct StartedIntent {
    pub payment_intent_id: String,
    pub provider: Provider,
    pub amount_minor: i64,
    pub expires_at: DateTime<Utc>,
    pub items: Vec<SnapshotLine>,
    pub redirection: Redirection,
}

/// Beyond the gateway's time-out: storing what it said.
const LEASE_MARGIN: Duration = Duration::from_secs(5);

impl Checkout {
    fn gateway(&self, provider: Provider) -> Result<&dyn Gateway, CreateIntentError> {
        let gateway = self.gateways.iter().find(|gateway| gateway.provider() == provider);
        gateway.map(|gateway| &**gateway).ok_or(CreateIntentError::ProviderOff(provider))
    }

    /// How long a request keeps its idempotency key while it asks the gateway.
    fn lease_seconds(&self) -> f64 {
        (self.terms.gateway_timeout + LEASE_MARGIN).as_secs_f64()
    }
}
