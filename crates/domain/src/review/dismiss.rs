use schema::{Connection, transaction};

use super::{
    Decision, ResolveError, Resolved,
    decision::{Opened, Resolution, open},
    legal,
};

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
        let status = legal::dismiss(&case.facts(connection).await?)?;
        if status != case.status {
            case.move_to(connection, status, "an operator dismissed its case").await?;
        }
        case.resolve(connection, &decision, Resolution::Dismissed).await
    })
    .await
}
