//! What the facts of a case allow, as pure rules: whoever decides asks with the locked facts, whoever only looks with what is
//! there now, and both get the same answer.

use schema::{
    Connection,
    queries::{
        payment_intents::read::IntentUnderQuestion,
        refunds,
        verifications::{self, PaidMoney},
    },
};

use super::ResolveError;
use crate::{
    payments::{
        gateway::Provider,
        status::{IntentStatus, Reservation},
    },
    refunds::RefundTerms,
};

/// What decides which resolutions are legal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) status: IntentStatus,
    pub(super) reservation: Reservation,
    pub(super) provider: Provider,
    pub(super) amount_minor: i64,
    /// Refunds that have not failed, the one under way among them.
    pub(super) refunded_minor: i64,
    pub(super) under_way_minor: i64,
    pub(super) paid: PaidMoney,
}

impl Facts {
    /// Locked, if the caller has locked the intent.
    pub(super) async fn of(
        connection: &mut Connection,
        intent: &IntentUnderQuestion,
    ) -> Result<Self, ResolveError> {
        let id = intent.payment_intent_id.as_str();
        let under_way = refunds::under_way_of_intent(connection, id).await?;
        Ok(Self {
            status: intent.status.parse()?,
            reservation: intent.reservation.parse()?,
            provider: intent.provider.parse()?,
            amount_minor: intent.amount_minor,
            refunded_minor: intent.refunded_minor,
            under_way_minor: under_way.map_or(0, |refund| refund.amount_minor),
            paid: verifications::paid_for_intent(connection, id).await?,
        })
    }
}

/// How a case is fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fulfilment {
    /// The order is there and was never in doubt.
    OrderStands,
    /// The order is there and was: the intent is completed again.
    OrderStandsAgain,
    /// The stock is held again and the order owed.
    MakeOrder,
    /// The order is owed already; its job is due again.
    OweOrder,
}

pub(super) fn fulfil(facts: &Facts) -> Result<Fulfilment, ResolveError> {
    match facts.status {
        IntentStatus::Completed => Ok(Fulfilment::OrderStands),
        IntentStatus::UnderReview => {
            check_paid_in_full(facts)?;
            let has_order = facts.reservation == Reservation::Settled;
            Ok(if has_order { Fulfilment::OrderStandsAgain } else { Fulfilment::MakeOrder })
        }
        IntentStatus::Verified => {
            check_paid_in_full(facts)?;
            Ok(Fulfilment::OweOrder)
        }
        IntentStatus::Refunding => Err(ResolveError::RefundUnderWay),
        IntentStatus::Refunded => Err(ResolveError::HasGoneBack),
        IntentStatus::Created
        | IntentStatus::AwaitingPayment
        | IntentStatus::Expired
        | IntentStatus::Superseded
        | IntentStatus::Failed => {
            check_paid_in_full(facts)?;
            Err(ResolveError::StatusForbids(facts.status))
        }
    }
}

fn check_paid_in_full(facts: &Facts) -> Result<(), ResolveError> {
    let Facts { amount_minor, paid, .. } = *facts;
    if paid.transactions == 0 {
        return Err(ResolveError::NotPaid);
    }
    if paid.paid_minor != amount_minor || !paid.currency_is_the_intents {
        return Err(ResolveError::NotPaidInFull { paid_minor: paid.paid_minor, amount_minor });
    }
    if paid.has_gone_back || facts.refunded_minor > 0 {
        return Err(ResolveError::HasGoneBack);
    }
    Ok(())
}

/// How much a refund through the gateway would send back.
pub(super) fn refund(facts: &Facts, terms: &RefundTerms) -> Result<i64, ResolveError> {
    check_may_go_back(facts.status)?;
    if !terms.cover(facts.provider.as_str()) {
        return Err(ResolveError::GatewayHasNoRefundCall(facts.provider));
    }
    left_minor(facts)
}

/// How much may have been refunded by hand at most.
pub(super) fn refunded_by_hand(facts: &Facts) -> Result<i64, ResolveError> {
    check_may_go_back(facts.status)?;
    left_minor(facts)
}

/// Whether money of an intent of this status can be sent back.
const fn check_may_go_back(status: IntentStatus) -> Result<(), ResolveError> {
    match status {
        IntentStatus::Verified
        | IntentStatus::Completed
        | IntentStatus::UnderReview
        | IntentStatus::Refunding => Ok(()),
        IntentStatus::Refunded => Err(ResolveError::MoreThanWasPaid { left_minor: 0 }),
        IntentStatus::Created
        | IntentStatus::AwaitingPayment
        | IntentStatus::Expired
        | IntentStatus::Superseded
        | IntentStatus::Failed => Err(ResolveError::StatusForbids(status)),
    }
}

/// What is left to give back of a payment that was really made: never more than was paid, nor than was asked. A refund
/// under way gives way to the one decided on.
fn left_minor(facts: &Facts) -> Result<i64, ResolveError> {
    match facts.paid.transactions {
        0 => return Err(ResolveError::NotPaid),
        1 => {}
        several => return Err(ResolveError::SeveralTransactions(several)),
    }
    let refunded_minor = facts.refunded_minor - facts.under_way_minor;
    let left_minor = facts.paid.paid_minor.min(facts.amount_minor) - refunded_minor;
    if left_minor <= 0 {
        return Err(ResolveError::MoreThanWasPaid { left_minor: 0 });
    }
    Ok(left_minor)
}

/// The status after a dismissal.
pub(super) fn dismiss(facts: &Facts) -> Result<IntentStatus, ResolveError> {
    match facts.status {
        IntentStatus::UnderReview if facts.reservation == Reservation::Settled => {
            Err(ResolveError::HasAnOrder)
        }
        IntentStatus::UnderReview => Ok(IntentStatus::Failed),
        IntentStatus::Refunding => Err(ResolveError::RefundUnderWay),
        // A verified payment would be left without an outcome.
        IntentStatus::Verified => Err(ResolveError::StatusForbids(facts.status)),
        IntentStatus::Created
        | IntentStatus::AwaitingPayment
        | IntentStatus::Expired
        | IntentStatus::Superseded
        | IntentStatus::Failed
        | IntentStatus::Completed
        | IntentStatus::Refunded => Ok(facts.status),
    }
}
