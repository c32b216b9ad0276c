//! How gateways and identity provider misbehave: all modes that the sandbox lists, sorted by when they can be set.

use anyhow::{Context, ensure};
use pipeline_tests::Provider;
use serde_json::{Value, json};

use crate::draw::Draw;

/// Shorter and longer than the services' patience with a gateway.
const SLOW_MS: (u64, u64) = (200, 2_500);
/// Deliveries of a return that comes often.
const REDIRECTS_MAX: u64 = 9;
/// Of payments whose gateway misbehaves for a few questions only; the others do until the run's end.
const WEARS_OFF_PERCENT: u32 = 70;
const QUESTIONS_MAX: u64 = 3;

/// The sandbox's modes.
#[derive(Debug, Clone, Default)]
pub(crate) struct GatewayModes {
    esewa: Vec<String>,
    khalti: Vec<String>,
    /// Of a payment that does not exist yet: set for a while, for whoever starts one.
    pub(crate) initiation: Vec<String>,
    /// Of tokens.
    pub(crate) tokens: Vec<String>,
    /// Of the whole identity provider: set for a while.
    pub(crate) identity: Vec<String>,
}

/// What one payment's gateway does wrong, in the words of the sandbox's control.
#[derive(Debug, Clone, Default)]
pub(crate) struct Misbehaviour {
    pub(crate) modes: Vec<String>,
    question_count: Option<u64>,
    slow_ms: u64,
    redirect_count: u64,
}

impl GatewayModes {
    /// Reads `GET /control/modes`.
    ///
    /// # Errors
    /// Where a mode belongs to nobody that is known here.
    pub(crate) fn of(vocabulary: &Value) -> anyhow::Result<Self> {
        let mut modes = Self::default();
        for mode in vocabulary.get("modes").and_then(Value::as_array).context("the sandbox lists no modes")? {
            let name = mode.get("name").and_then(Value::as_str).context("a mode without a name")?;
            let providers = mode.get("providers").and_then(Value::as_array).context("a mode of nobody")?;
            let is_of = |provider: &str| providers.iter().any(|of| of == provider);
            ensure!(
                ["esewa", "khalti", "identity"].into_iter().any(is_of),
                "the mode {name} is of a provider that chaos does not know"
            );
            let name = || name.to_owned();
            if is_of("identity") {
                if name().starts_with("token_") {
                    modes.tokens.push(name())
                } else {
                    modes.identity.push(name())
                }
            } else if name().starts_with("initiate_") {
                modes.initiation.push(name());
            } else {
                if is_of("esewa") {
                    modes.esewa.push(name());
                }
                if is_of("khalti") {
                    modes.khalti.push(name());
                }
            }
        }
        Ok(modes)
    }

    /// How many a payment or a token can have, each counted once a provider.
    pub(crate) fn of_payments_and_tokens(&self) -> usize {
        self.esewa.len() + self.khalti.len() + self.tokens.len()
    }

    /// None, one or two modes of a provider.
    pub(crate) fn draw_for(&self, provider: Provider, draw: &mut Draw) -> Misbehaviour {
        let of_provider = match provider {
            Provider::Esewa => &self.esewa,
            Provider::Khalti => &self.khalti,
        };
        let mut modes = Vec::new();
        if draw.chance(55) {
            modes.extend(draw.pick(of_provider).cloned());
            if draw.chance(25) {
                modes.extend(draw.pick(of_provider).cloned());
            }
        }
        let question_count =
            if draw.chance(WEARS_OFF_PERCENT) { Some(draw.between(1, QUESTIONS_MAX)) } else { None };
        Misbehaviour {
            modes,
            question_count,
            slow_ms: draw.between(SLOW_MS.0, SLOW_MS.1),
            redirect_count: draw.between(2, REDIRECTS_MAX),
        }
    }
}

impl Misbehaviour {
    /// The body that sets it. `other_reference` is the payment whose proof is borrowed.
    pub(crate) fn body(&self, other_reference: &str) -> Value {
        let mut body = json!({
            "modes": self.modes,
            "slow_ms": self.slow_ms,
            "redirect_count": self.redirect_count,
            "other_reference": other_reference,
        });
        if let (Some(count), Some(fields)) = (self.question_count, body.as_object_mut()) {
            fields.insert("question_count".to_owned(), count.into());
        }
        body
    }
}
