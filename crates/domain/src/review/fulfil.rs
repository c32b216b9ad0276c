use std::time::Duration;

use schema::{
    Connection,
    queries::{payment_intents, reservations},
    transaction,
};

use super::{
    Decision, ResolveError, Resolved,
    decision::{Opened, Resolution, open},
    legal::{self, Fulfilment},
};
use crate::{
    jobs::FinalizeOrder,
    payments::status::{IntentStatus, Reservation},
    queue::{self, Enqueue},
};

/// Makes the case's payment an order after all, if it was paid in full, its cart round is free and its stock
/// can be had.
///
/// The stock is held again and the order owed in one transaction; a worker makes the order, because only
/// workers may read the address that it copies. Where the order stands already, the case is closed with it.
pub async fn fulfil(
    connection: &mut Connection,
    decision: Decision<'_>,
    job_attempts_max: i32,
) -> Result<Resolved, ResolveError> {
    decision.check()?;
    transaction(connection, async |connection| {
        // The job's lock comes first; a refusal below takes it back.
        let job = FinalizeOrder { payment_intent_id: decision.payment_intent_id.to_owned() };
        let due_now = Enqueue { run_in: Duration::ZERO, max_attempts: job_attempts_max };
        queue::enqueue(connection, &job, due_now).await?;
        let mut case = match open(connection, &decision, Resolution::Fulfilled).await? {
            Opened::Case(case) => case,
            Opened::Repetition(status) => return Ok(Resolved::repeated(status)),
        };
        match legal::fulfil(&case.facts(connection).await?)? {
            Fulfilment::OrderStands | Fulfilment::OweOrder => {}
            Fulfilment::OrderStandsAgain => {
                case.move_to(connection, IntentStatus::Completed, "an operator lets its order stand").await?;
            }
            Fulfilment::MakeOrder => {
                reserve_again(connection, decision.payment_intent_id).await?;
                let (status, cause) = (IntentStatus::Verified, "an operator has its order made");
                case.move_with(connection, status, Reservation::Held, cause).await?;
            }
        }
        Ok(case.resolve(connection, &decision, Resolution::Fulfilled).await?.with_job())
    })
    .await
}

async fn reserve_again(connection: &mut Connection, payment_intent_id: &str) -> Result<(), ResolveError> {
    if payment_intents::read::round_has_an_order(connection, payment_intent_id).await? {
        return Err(ResolveError::RoundHasAnOrder);
    }
    reservations::lock_stock_of_intents_for_update(connection, &[payment_intent_id]).await?;
    if !reservations::reserve_again_if_available(connection, payment_intent_id).await? {
        let short = reservations::short_lines_of_intent(connection, payment_intent_id).await?;
        return Err(ResolveError::StockIsShort(short));
    }
    Ok(())
}
