use schema::{
    Connection, Error,
    queries::{
        payment_intents::status::{Move, lock_due_to_expire_for_update, move_locked},
        reservations::release_held,
    },
    transaction,
};

use crate::payments::status::{IntentStatus, Reservation};

/// Intents expired in one transaction: a bound on how long their stock is locked.
pub const EXPIRED_MAX: u32 = 200;

/// Expires unpaid intents whose time has passed and gives their stock back. Their question stays open: money
/// that comes later is late money. Returns their ids, at most [`EXPIRED_MAX`]; call again while it returns as many.
pub async fn expire_due(connection: &mut Connection) -> Result<Vec<String>, Error> {
    transaction(connection, async |connection| {
        let due = lock_due_to_expire_for_update(connection, EXPIRED_MAX.into()).await?;
        let expired = |id| Move {
            payment_intent_id: id,
            status: IntentStatus::Expired.as_str(),
            reservation: Reservation::Released.as_str(),
            cause: "its time passed unpaid",
        };
        let moves: Vec<Move<'_>> = due.iter().map(|id| expired(id.as_str())).collect();
        move_locked(connection, &moves).await?;
        let released: Vec<&str> = due.iter().map(String::as_str).collect();
        release_held(connection, &released).await?;
        Ok(due)
    })
    .await
}
