use schema::{Connection, queries::refunds, transaction};

use super::{
    Decision, ResolveError, Resolved,
    decision::{Opened, Resolution, open},
    legal,
};
use crate::{
    payments::status::{IntentStatus, Reservation},
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
        legal::refund(&case.facts(connection).await?, terms)?;
        case.end_refund_under_way(connection).await?;
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
