//! What one shopper will do, drawn before the shop opens: a pure function of the seed and the visit's number.

mod gateway;
mod modes;

use pipeline_tests::Provider;

pub(crate) use gateway::{PLANNED_ACTIONS, Returning, Step};
pub(crate) use modes::{GatewayModes, Misbehaviour};

use crate::{
    draw::Draw,
    shop::{self, Line},
};

/// Rounds of one cart at most.
const ROUNDS_MAX: u64 = 3;
const LINES_MAX: u64 = 3;
const QUANTITY_MAX: u64 = 3;
/// Presses of the button that arrive side by side.
const CLICKS_MAX: u64 = 3;

/// One shopper's visit, from the empty cart on.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) number: u64,
    /// Comes first with a token that opens nothing: the mode in which it is issued.
    pub(crate) hostile_token: Option<String>,
    pub(crate) rounds: Vec<Round>,
}

/// A cart that is filled and paid for, or not.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(crate) lines: Vec<Line>,
    /// Presses of the button, with one idempotency key.
    pub(crate) clicks: u64,
    /// Put into the cart after the intent was made.
    pub(crate) afterthought: Option<Line>,
    /// One, or two where the shopper starts again at a gateway without having ended the first.
    pub(crate) payments: Vec<Payment>,
    /// Goes on with the payment started last before those started earlier.
    pub(crate) last_first: bool,
    /// Looks at the status page so many times, then leaves.
    pub(crate) looks: u64,
}

/// One intent and what is done about it at its gateway.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) provider: Provider,
    pub(crate) misbehaviour: Misbehaviour,
    /// Otherwise the shopper never opens the gateway's page.
    pub(crate) opens_page: bool,
    pub(crate) steps: Vec<Step>,
}

impl Visit {
    /// The `number`th visit of the run with this seed.
    pub(crate) fn plan(seed: u64, number: u64, modes: &GatewayModes) -> Self {
        let mut draw = Draw::of(seed, "visit", number);
        let hostile_token = if draw.chance(4) { draw.pick(&modes.tokens).cloned() } else { None };
        let rounds = 1 + if draw.chance(25) { draw.between(1, ROUNDS_MAX - 1) } else { 0 };
        let rounds = (0..rounds).map(|_| Round::plan(&mut draw, modes)).collect();
        Self { number, hostile_token, rounds }
    }
}

impl Round {
    fn plan(draw: &mut Draw, modes: &GatewayModes) -> Self {
        let lines = (0..draw.between(1, LINES_MAX)).map(|_| line(draw)).collect();
        let clicks = if draw.chance(20) { draw.between(2, CLICKS_MAX) } else { 1 };
        let afterthought = if draw.chance(15) { Some(line(draw)) } else { None };
        let starts_again = draw.chance(20);
        let payments = (0..=u64::from(starts_again)).map(|_| Payment::plan(draw, modes)).collect();
        Self {
            lines,
            clicks,
            afterthought,
            payments,
            last_first: draw.chance(50),
            looks: draw.between(0, 12),
        }
    }
}

impl Payment {
    fn plan(draw: &mut Draw, modes: &GatewayModes) -> Self {
        let provider = if draw.chance(50) { Provider::Esewa } else { Provider::Khalti };
        let misbehaviour = modes.draw_for(provider, draw);
        let opens_page = draw.chance(94);
        let steps = if opens_page { gateway::steps(provider, draw) } else { Vec::new() };
        Self { provider, misbehaviour, opens_page, steps }
    }
}

fn line(draw: &mut Draw) -> Line {
    Line {
        variant_id: shop::draw_variant(draw),
        quantity: u32::try_from(draw.between(1, QUANTITY_MAX)).unwrap_or(1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn modes() -> GatewayModes {
        let listed = serde_json::json!({ "modes": [
            { "name": "says_pending", "providers": ["esewa", "khalti"] },
            { "name": "form_unavailable", "providers": ["esewa"] },
            { "name": "token_expired", "providers": ["identity"] },
            { "name": "initiate_html", "providers": ["khalti"] },
        ]});
        GatewayModes::of(&listed).unwrap()
    }

    #[test]
    fn the_same_seed_plans_the_same_visits() {
        let plan = |seed| {
            (0..200).map(|number| format!("{:?}", Visit::plan(seed, number, &modes()))).collect::<Vec<_>>()
        };
        assert_eq!(plan(5), plan(5));
        assert_ne!(plan(5), plan(6));
    }

    #[test]
    fn a_thousand_visits_do_everything_that_can_be_done_at_a_gateway() {
        let visits: Vec<Visit> = (0..1_000).map(|number| Visit::plan(11, number, &modes())).collect();
        let payments: Vec<&Payment> =
            visits.iter().flat_map(|visit| &visit.rounds).flat_map(|round| &round.payments).collect();
        let done: BTreeSet<&str> =
            payments.iter().flat_map(|payment| &payment.steps).map(|step| step.action).collect();
        assert_eq!(done, PLANNED_ACTIONS.iter().copied().collect());
        let misbehaviours: BTreeSet<&str> =
            payments.iter().flat_map(|payment| &payment.misbehaviour.modes).map(String::as_str).collect();
        assert_eq!(misbehaviours, BTreeSet::from(["says_pending", "form_unavailable"]));
        assert!(visits.iter().any(|visit| visit.rounds.len() == 3));
        assert!(visits.iter().any(|visit| visit.hostile_token.is_some()));
        assert!(visits.iter().flat_map(|visit| &visit.rounds).any(|round| round.payments.len() == 2));
    }
}
