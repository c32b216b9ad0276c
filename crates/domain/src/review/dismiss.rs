use schema::{Connection, transaction};

use super::{
    Decision, ResolveError, Resolved,
    decision::{Opened, Resolution, open},
};
use crate::payments::status::{IntentStatus, Reservation};

/// Ends a case without moving money or goods. An intent under review is `failed` by it; any other stays.
///
/// The gateway is asked on as before; only an answer that it has not given before moves the intent again.
pub async fn dismiss(connection: &mut Connection, decision: Decision<'_>) -> Result<Resolved, ResolveError> {
    decision.check()?;
    transaction(connection, async |connection| {
        let mut case = match open(connection, &decision, Resolution::Dismissed).await? {
            Opened::Case(case) => case,
            Opened::Repetition(status) => return Ok(Resolved::repeated(status)),
        };
        match case.status {
            IntentStatus::UnderReview if case.reservation == Reservation::Settled => {
                return Err(ResolveError::HasAnOrder);
            }
            IntentStatus::UnderReview => {
                case.move_to(connection, IntentStatus::Failed, "an operator dismissed its case").await?;
            }
            IntentStatus::Refunding => return Err(ResolveError::RefundUnderWay),
            // A verified payment would be left without an outcome.
            IntentStatus::Verified => return Err(ResolveError::StatusForbids(case.status)),
            IntentStatus::Created
            | IntentStatus::AwaitingPayment
            | IntentStatus::Expired
            | IntentStatus::Superseded
            | IntentStatus::Failed
            | IntentStatus::Completed
            | IntentStatus::Refunded => {}
        }
        case.resolve(connection, &decision, Resolution::Dismissed).await
    })
    .await
}
