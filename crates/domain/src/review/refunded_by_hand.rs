use schema::{
    Connection,
    queries::{
        refunds::{self, RefundByHand},
        review_cases,
    },
    transaction,
};
use serde_json::json;

use super::{
    Decision, ResolveError, Resolved,
    decision::{OpenCase, Opened, Resolution, open},
    legal,
};
use crate::payments::status::IntentStatus;

/// Characters of a portal's reference; a CHECK says the same.
const PORTAL_REFERENCE_CHARS_MAX: usize = 255;

/// A refund that a person made in the gateway's portal.
#[derive(Debug, Clone, Copy)]
pub struct PortalRefund<'a> {
    /// What the portal calls it; recorded once.
    pub portal_reference: &'a str,
    /// More than 0.
    pub amount_minor: i64,
}

/// Records a refund made by hand. The intent is `refunded` and its case resolved when all of the payment is
/// back; until then the case stays open.
///
/// A refund that is under way through the gateway's call gives way: the person has done it.
pub async fn refunded_by_hand(
    connection: &mut Connection,
    decision: Decision<'_>,
    portal: PortalRefund<'_>,
) -> Result<Resolved, ResolveError> {
    decision.check()?;
    portal.check()?;
    transaction(connection, async |connection| {
        let opened = open(connection, &decision, Resolution::RefundedByHand).await?;
        let known = find_recorded(connection, &decision, portal).await?;
        let mut case = match opened {
            // More of the payment may still come back under another reference, but only while a case is open.
            Opened::Repetition(status) if known => return Ok(Resolved::repeated(status)),
            Opened::Repetition(status) => return Err(ResolveError::NoOpenCase(status)),
            Opened::Case(case) if known => {
                let repeated = Resolved::repeated(case.status);
                return Ok(Resolved { case_is_open: true, ..repeated });
            }
            Opened::Case(case) => case,
        };
        let left_minor = legal::refunded_by_hand(&case.facts(connection).await?)?;
        case.end_refund_under_way(connection).await?;
        if portal.amount_minor > left_minor {
            return Err(ResolveError::MoreThanWasPaid { left_minor });
        }
        let is_whole = portal.amount_minor == left_minor;
        move_intent(connection, &mut case, is_whole).await?;
        let refund = RefundByHand {
            payment_intent_id: decision.payment_intent_id,
            amount_minor: portal.amount_minor,
            portal_reference: portal.portal_reference,
            operator: decision.operator,
            reason: decision.reason,
        };
        refunds::insert_by_hand(connection, refund).await?;
        if is_whole {
            refunds::refund_order_if_confirmed(connection, decision.payment_intent_id).await?;
            return case.resolve(connection, &decision, Resolution::RefundedByHand).await;
        }
        keep_open(connection, &case, &decision, portal).await
    })
    .await
}

impl PortalRefund<'_> {
    fn check(&self) -> Result<(), ResolveError> {
        let characters = self.portal_reference.chars().count();
        if self.portal_reference.trim().is_empty() || characters > PORTAL_REFERENCE_CHARS_MAX {
            return Err(ResolveError::Unusable(
                "a refund by hand has a portal reference of 1 to 255 characters",
            ));
        }
        if self.amount_minor <= 0 {
            return Err(ResolveError::Unusable("a refund is of more than 0 paisa"));
        }
        Ok(())
    }
}

/// Whether this very refund was recorded before; the same reference for anything else is refused.
async fn find_recorded(
    connection: &mut Connection,
    decision: &Decision<'_>,
    portal: PortalRefund<'_>,
) -> Result<bool, ResolveError> {
    match refunds::find_by_portal_reference(connection, portal.portal_reference).await? {
        None => Ok(false),
        Some((id, amount)) if id == decision.payment_intent_id && amount == portal.amount_minor => Ok(true),
        Some((payment_intent_id, amount_minor)) => {
            Err(ResolveError::PortalReferenceUsed { payment_intent_id, amount_minor })
        }
    }
}

/// All of it back: refunded. Part of it: no order may be made and no refund sent, so a person keeps it.
async fn move_intent(
    connection: &mut Connection,
    case: &mut OpenCase,
    is_whole: bool,
) -> Result<(), ResolveError> {
    if is_whole {
        return case.move_to(connection, IntentStatus::Refunded, "an operator refunded it by hand").await;
    }
    if matches!(case.status, IntentStatus::Verified | IntentStatus::Refunding) {
        let cause = "an operator refunded part of it by hand";
        return case.move_to(connection, IntentStatus::UnderReview, cause).await;
    }
    Ok(())
}

async fn keep_open(
    connection: &mut Connection,
    case: &OpenCase,
    decision: &Decision<'_>,
    portal: PortalRefund<'_>,
) -> Result<Resolved, ResolveError> {
    let evidence = json!({
        "kind": Resolution::RefundedByHand.as_str(), "portal_reference": portal.portal_reference,
        "amount_minor": portal.amount_minor, "operator": decision.operator,
    });
    let kind = "partial_refund";
    review_cases::open_or_append(connection, decision.payment_intent_id, kind, &evidence).await?;
    case.audit(connection, decision, Resolution::RefundedByHand).await?;
    Ok(Resolved { status: case.status, is_repetition: false, case_is_open: true, job_is_owed: false })
}
