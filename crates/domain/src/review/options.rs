//! What may be decided about a case now, and what each decision will do, in words.

use schema::{
    Connection,
    queries::{payment_intents, reservations},
};

use super::{
    ResolveError,
    legal::{self, Facts, Fulfilment},
};
use crate::{
    money::Rupees,
    payments::status::{IntentStatus, Reservation},
    refunds::RefundTerms,
};

/// The words of `review_cases.resolution` that operators decide on; also the action in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    Fulfilled,
    Refunded,
    RefundedByHand,
    Dismissed,
}

impl Resolution {
    /// In the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Fulfilled, Self::Refunded, Self::RefundedByHand, Self::Dismissed];

    /// The word in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fulfilled => "fulfilled",
            Self::Refunded => "refunded",
            Self::RefundedByHand => "refunded_by_hand",
            Self::Dismissed => "dismissed",
        }
    }
}

/// One resolution of a case: what it will do, or the law that forbids it.
#[derive(Debug)]
pub struct ResolutionOption {
    pub resolution: Resolution,
    pub consequence: Result<String, ResolveError>,
}

/// All resolutions of an intent's open case by the rules that the decisions themselves obey. What is true now may have
/// changed when a decision arrives: it is then refused.
pub(super) async fn options(
    connection: &mut Connection,
    payment_intent_id: &str,
    terms: &RefundTerms,
) -> Result<Vec<ResolutionOption>, ResolveError> {
    let intent = payment_intents::read::under_question(connection, payment_intent_id)
        .await?
        .ok_or_else(|| ResolveError::UnknownIntent(payment_intent_id.to_owned()))?;
    let facts = Facts::of(connection, &intent).await?;
    let mut options = Vec::with_capacity(Resolution::ALL.len());
    for resolution in Resolution::ALL {
        let consequence = match resolution {
            Resolution::Fulfilled => fulfilled(connection, payment_intent_id, &facts).await,
            Resolution::Refunded => legal::refund(&facts, terms).map(|left| refunded(&facts, left)),
            Resolution::RefundedByHand => legal::refunded_by_hand(&facts).map(refunded_by_hand),
            Resolution::Dismissed => legal::dismiss(&facts).map(|status| dismissed(&facts, status)),
        };
        // Only a law is a reason not to offer something.
        match consequence {
            Err(ResolveError::Schema(error)) => return Err(error.into()),
            consequence => options.push(ResolutionOption { resolution, consequence }),
        }
    }
    Ok(options)
}

async fn fulfilled(
    connection: &mut Connection,
    payment_intent_id: &str,
    facts: &Facts,
) -> Result<String, ResolveError> {
    Ok(match legal::fulfil(facts)? {
        Fulfilment::OrderStands => "The order stands as it is. Only the case is closed.".to_owned(),
        Fulfilment::OrderStandsAgain => {
            "The order stands: the payment is completed again. No money moves.".to_owned()
        }
        Fulfilment::OweOrder => "The order that is owed is made at once by a worker.".to_owned(),
        Fulfilment::MakeOrder => {
            check_order_can_be_made(connection, payment_intent_id).await?;
            "Its stock is held again and a worker makes the order at once; the shopper sees it confirmed."
                .to_owned()
        }
    })
}

/// As `fulfil` finds out under locks.
async fn check_order_can_be_made(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<(), ResolveError> {
    if payment_intents::read::round_has_an_order(connection, payment_intent_id).await? {
        return Err(ResolveError::RoundHasAnOrder);
    }
    let short = reservations::short_lines_of_intent(connection, payment_intent_id).await?;
    if short.is_empty() { Ok(()) } else { Err(ResolveError::StockIsShort(short)) }
}

fn refunded(facts: &Facts, left_minor: i64) -> String {
    let rest = match (facts.reservation, facts.under_way_minor) {
        (_, 1..) => " The refund under way, which brought nothing, is given up for it.",
        (Reservation::Settled, _) => " When it is back, the order is marked refunded; its stock stays sold.",
        (Reservation::Held, _) => " The stock that is held is released.",
        (Reservation::Released, _) => "",
    };
    let (amount, provider) = (Rupees(left_minor), facts.provider);
    format!("{amount} go back through {provider}, once; a lookup there says when they are back.{rest}")
}

fn refunded_by_hand(left_minor: i64) -> String {
    let amount = Rupees(left_minor);
    format!(
        "Records what you have refunded in the gateway's portal, at most {amount}. No money moves from here. The case \
         is closed when all of it is back."
    )
}

fn dismissed(facts: &Facts, status: IntentStatus) -> String {
    let paid = if facts.paid.transactions > 0 { " What was paid stays with the shop." } else { "" };
    if status == facts.status {
        format!("Only the case is closed; the payment stays {}.", status.as_str().replace('_', " "))
    } else {
        format!("The payment ends as {}. Neither money nor goods move.{paid}", status.as_str())
    }
}
