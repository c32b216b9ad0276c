use schema::{
    Connection,
    queries::{idempotency_keys, payment_intents::create},
};

use super::{
    CreateIntentError,
    request::Request,
    session::{Session, UnstartedIntent},
};

/// What the user's key says of the request.
pub(super) enum Repetition {
    /// Nothing has come of the key, or nothing that lasts: make an intent.
    First,
    /// It was answered so.
    Answered(Vec<u8>),
    /// Its intent waits for the gateway, and this request has the lease.
    Resumed(Session),
}

/// Looks the key up. The caller holds the user's cart, so no other request can be between two of these answers.
pub(super) async fn of(
    connection: &mut Connection,
    request: &Request,
    lease_seconds: f64,
) -> Result<Repetition, CreateIntentError> {
    let (user_id, key) = (&request.user_id, &request.idempotency_key);
    let Some(stored) = idempotency_keys::find(connection, user_id, key).await? else {
        return Ok(Repetition::First);
    };
    let is_alive = stored.response_body.is_some() || stored.leased_seconds.is_some() || stored.is_startable;
    if !is_alive {
        return Ok(Repetition::First);
    }
    if stored.request_digest != request.digest {
        return Err(CreateIntentError::KeyReused);
    }
    if let Some(body) = stored.response_body {
        return Ok(Repetition::Answered(body));
    }
    let leased_until = idempotency_keys::take_lease_if_free(connection, user_id, key, lease_seconds).await?;
    let Some(leased_until) = leased_until else {
        let retry_after_seconds = whole_seconds(stored.leased_seconds.unwrap_or(0.0));
        return Err(CreateIntentError::RequestInProgress { retry_after_seconds });
    };
    let id = &stored.payment_intent_id;
    let intent = create::stored(connection, id).await?;
    let intent =
        intent.ok_or_else(|| schema::Error::Defect(format!("the key's intent {id} is not there")))?;
    let items = create::snapshot(connection, id).await?;
    let intent = UnstartedIntent {
        payment_intent_id: id.clone(),
        amount_minor: intent.amount_minor,
        expires_at: intent.expires_at,
        items,
    };
    Ok(Repetition::Resumed(Session { intent, leased_until }))
}

/// Rounded up, at least one.
fn whole_seconds(seconds: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(seconds).map_or(1, |duration| duration.as_secs() + 1)
}
