use schema::{
    Connection,
    queries::{refunds, verifications},
    transaction,
};

use super::{
    Decision, ResolveError, Resolved,
    decision::{OpenCase, Opened, Resolution, open},
};
use crate::{
    payments::{
        gateway::Provider,
        status::{IntentStatus, Reservation},
    },
    refunds::{RefundTerms, RequestRefund, owe_refund_jobs, write_refunds},
};

/// Sends everything that is left of the case's payment back through its gateway.
///
/// A refund that is under way and has got a case is given up for a new one with a key of its own.
pub async fn refund(
    connection: &mut Connection,
    decision: Decision<'_>,
    terms: &RefundTerms,
) -> Result<Resolved, ResolveError> {
    decision.check()?;
    transaction(connection, async |connection| {
        // The job's lock comes first; a refusal below takes it back.
        let id = decision.payment_intent_id;
        owe_refund_jobs(connection, [id], terms.job_attempts_max).await?;
        let mut case = match open(connection, &decision, Resolution::Refunded).await? {
            Opened::Case(case) => case,
            Opened::Repetition(status) => return Ok(Resolved::repeated(status)),
        };
        check_status(case.status)?;
        let provider: Provider = case.intent.provider.parse()?;
        if !terms.cover(provider.as_str()) {
            return Err(ResolveError::GatewayHasNoRefundCall(provider));
        }
        case.end_refund_under_way(connection).await?;
        check_something_is_left(connection, &case).await?;
        if case.status == IntentStatus::Refunding {
            let cause = "an operator asks again";
            let again =
                refunds::NewRefund { payment_intent_id: id, cause, requested_by: Some(decision.operator) };
            refunds::insert_requested(connection, &[again]).await?;
        } else {
            let request = RequestRefund {
                payment_intent_id: id,
                reservation: case.reservation,
                cause: "an operator refunds it",
                requested_by: Some(decision.operator),
            };
            write_refunds(connection, &[request]).await?;
            let reservation: Reservation = case.reservation.after_move_to(IntentStatus::Refunding);
            case.release_unless(connection, reservation).await?;
            case.status = IntentStatus::Refunding;
        }
        Ok(case.resolve(connection, &decision, Resolution::Refunded).await?.with_job())
    })
    .await
}

/// Whether money of an intent of this status can be sent back.
pub(super) const fn check_status(status: IntentStatus) -> Result<(), ResolveError> {
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

/// What is left to give back of a payment that was really made: never more than was paid, nor than was asked.
pub(super) async fn check_something_is_left(
    connection: &mut Connection,
    case: &OpenCase,
) -> Result<i64, ResolveError> {
    let paid = verifications::paid_for_intent(connection, &case.intent.payment_intent_id).await?;
    match paid.transactions {
        0 => return Err(ResolveError::NotPaid),
        1 => {}
        several => return Err(ResolveError::SeveralTransactions(several)),
    }
    let left_minor = paid.paid_minor.min(case.intent.amount_minor) - case.intent.refunded_minor;
    if left_minor <= 0 {
        return Err(ResolveError::MoreThanWasPaid { left_minor: 0 });
    }
    Ok(left_minor)
}
