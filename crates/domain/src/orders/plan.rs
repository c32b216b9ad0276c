//! What is to become of each intent of a batch. Pure: it sees locked rows and decides.

use std::collections::{HashMap, HashSet};

use schema::queries::{finalize::LockedCart, payment_intents::read::IntentToFinalize};
use uuid::Uuid;

use crate::{
    payments::status::{IntentStatus, Reservation, UnknownWord},
    refunds::RefundTerms,
};

/// The intents of a batch, sorted by what is to be done with them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Verified, stock held, round free: become orders.
    pub(super) settle: Vec<String>,
    /// Verified late, round free, stock not held: become orders if it can be had again.
    pub(super) late: Vec<String>,
    /// Verified, but their round is or becomes another intent's order; with whether stock is held.
    pub(super) second: Vec<(String, Reservation)>,
    /// Of all these, the ones whose gateway can be asked to refund.
    pub(super) refundable: HashSet<String>,
    /// Have nothing to be done: an order already, or not verified any more.
    pub(super) nothing: Vec<String>,
    /// Are not there.
    pub(super) unknown: Vec<String>,
}

impl Plan {
    /// Sorts the batch. The first intent of a cart round, in the order given, is the one that becomes its order.
    pub(super) fn make(
        wanted: &[&str],
        carts: &[LockedCart],
        intents: &[IntentToFinalize],
        terms: &RefundTerms,
    ) -> Result<Self, UnknownWord> {
        let rounds: HashMap<Uuid, i32> = carts.iter().map(|cart| (cart.cart_id, cart.round)).collect();
        let by_id: HashMap<&str, &IntentToFinalize> =
            intents.iter().map(|intent| (intent.payment_intent_id.as_str(), intent)).collect();
        let mut taken: HashSet<(Uuid, i32)> = HashSet::new();
        let mut plan = Self::default();
        for id in wanted {
            let Some(intent) = by_id.get(id) else {
                plan.unknown.push((*id).to_owned());
                continue;
            };
            if intent.status.parse::<IntentStatus>()? != IntentStatus::Verified {
                plan.nothing.push((*id).to_owned());
                continue;
            }
            let reservation: Reservation = intent.reservation.parse()?;
            if terms.cover(&intent.provider) {
                plan.refundable.insert((*id).to_owned());
            }
            let round_has_an_order =
                rounds.get(&intent.cart_id).is_some_and(|round| *round > intent.cart_round);
            if round_has_an_order || !taken.insert((intent.cart_id, intent.cart_round)) {
                plan.second.push(((*id).to_owned(), reservation));
            } else if reservation == Reservation::Held {
                plan.settle.push((*id).to_owned());
            } else {
                plan.late.push((*id).to_owned());
            }
        }
        Ok(plan)
    }
}

/// The unpaid intents that these orders supersede: open ones of the same carts and rounds.
pub(super) fn superseded_by<'a>(intents: &'a [IntentToFinalize], ordered: &[&str]) -> Vec<&'a str> {
    let rounds: HashSet<(Uuid, i32)> = intents
        .iter()
        .filter(|intent| ordered.contains(&intent.payment_intent_id.as_str()))
        .map(|intent| (intent.cart_id, intent.cart_round))
        .collect();
    intents
        .iter()
        .filter(|intent| matches!(intent.status.as_str(), "created" | "awaiting_payment"))
        .filter(|intent| rounds.contains(&(intent.cart_id, intent.cart_round)))
        .map(|intent| intent.payment_intent_id.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::gateway::Provider;

    fn terms() -> RefundTerms {
        RefundTerms { providers: vec![Provider::Khalti], job_attempts_max: 1 }
    }

    fn intent(id: &str, status: &str, reservation: &str, cart: u128, round: i32) -> IntentToFinalize {
        IntentToFinalize {
            payment_intent_id: id.into(),
            provider: "khalti".into(),
            status: status.into(),
            reservation: reservation.into(),
            cart_id: Uuid::from_u128(cart),
            cart_round: round,
            amount_minor: 100,
            status_age_seconds: 1.0,
        }
    }

    fn cart(cart: u128, round: i32) -> LockedCart {
        LockedCart { cart_id: Uuid::from_u128(cart), round }
    }

    #[test]
    fn the_first_of_a_round_is_the_order_and_the_second_is_not() {
        let intents = [intent("a", "verified", "held", 1, 1), intent("b", "verified", "released", 1, 1)];
        let plan = Plan::make(&["b", "a"], &[cart(1, 1)], &intents, &terms()).unwrap();
        assert_eq!(plan.late, ["b"]);
        assert_eq!(plan.second, [("a".to_owned(), Reservation::Held)]);
    }

    #[test]
    fn a_round_that_has_its_order_takes_no_other() {
        let intents = [intent("a", "verified", "released", 1, 1), intent("b", "completed", "settled", 2, 1)];
        let plan = Plan::make(&["a", "b", "x"], &[cart(1, 2), cart(2, 2)], &intents, &terms()).unwrap();
        assert_eq!(plan.second, [("a".to_owned(), Reservation::Released)]);
        assert_eq!(plan.nothing, ["b"]);
        assert_eq!(plan.unknown, ["x"]);
    }

    #[test]
    fn unpaid_intents_of_an_ordered_round_are_superseded_and_others_are_not() {
        let intents = [
            intent("a", "verified", "held", 1, 1),
            intent("b", "awaiting_payment", "held", 1, 1),
            intent("c", "awaiting_payment", "held", 1, 2),
            intent("d", "awaiting_payment", "held", 2, 1),
        ];
        assert_eq!(superseded_by(&intents, &["a"]), ["b"]);
    }
}
