//! A session at a gateway that has to be asked for one: the call, and the second transaction.

use chrono::{DateTime, Utc};
use schema::{
    Connection,
    queries::{
        idempotency_keys,
        payment_intents::create::{self, SnapshotLine},
    },
};

use super::{Checkout, CreateIntentError, StartedIntent, earlier, request::Request, reserve::reserve};
use crate::payments::gateway::{Gateway, Redirection, StartPayment, StartPaymentError, StartedPayment};

/// An intent as it is stored before its payment is started.
#[derive(Debug)]
pub(super) struct UnstartedIntent {
    pub(super) payment_intent_id: String,
    pub(super) amount_minor: i64,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) items: Vec<SnapshotLine>,
}

impl UnstartedIntent {
    /// What the gateway is told. Discount, shipping and tax are zero.
    pub(super) fn payment(&self, request: &Request) -> StartPayment {
        StartPayment {
            payment_intent_id: self.payment_intent_id.clone(),
            subtotal_minor: self.amount_minor,
            discount_minor: 0,
            shipping_minor: 0,
            tax_minor: 0,
            amount_minor: self.amount_minor,
            display_name: display_name(&self.items),
            customer_name: request.shipping_address.full_name.clone(),
            customer_phone: request.shipping_address.phone.clone(),
        }
    }

    /// The body that tells the shopper how to pay.
    pub(super) fn answer(
        &self,
        checkout: &Checkout,
        request: &Request,
        redirection: Redirection,
    ) -> Result<Vec<u8>, serde_json::Error> {
        (checkout.write_answer)(&StartedIntent {
            payment_intent_id: self.payment_intent_id.clone(),
            provider: request.provider,
            amount_minor: self.amount_minor,
            expires_at: self.expires_at,
            items: self.items.clone(),
            redirection,
        })
    }
}

/// An intent that waits for its gateway session, and the lease on its key.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) intent: UnstartedIntent,
    pub(super) leased_until: DateTime<Utc>,
}

/// Asks the gateway for the session and stores its reference before anybody can see it.
pub(super) async fn open(
    checkout: &Checkout,
    gateway: &dyn Gateway,
    request: &Request,
    session: Session,
) -> Result<Vec<u8>, CreateIntentError> {
    match gateway.start(session.intent.payment(request)).await {
        Ok(started) => store(checkout, request, &session, &started).await,
        Err(error @ StartPaymentError::Unavailable { .. }) => {
            let mut connection = checkout.pool.connection().await?;
            release_lease(&mut connection, request, &session).await?;
            Err(not_started(error))
        }
        Err(StartPaymentError::Refused { reason }) => {
            fail(checkout, request, &session).await?;
            checkout.waker.intent_changed(&session.intent.payment_intent_id);
            Err(CreateIntentError::GatewayRefused { reason })
        }
    }
}

/// Reference and answer in one transaction. Where the intent has ended meanwhile, the session is lost, unseen; where
/// another request with the lease was faster, its answer is the answer.
async fn store(
    checkout: &Checkout,
    request: &Request,
    session: &Session,
    started: &StartedPayment,
) -> Result<Vec<u8>, CreateIntentError> {
    let body = session.intent.answer(checkout, request, started.redirection.clone())?;
    let (user_id, key) = (&request.user_id, &request.idempotency_key);
    let id = &session.intent.payment_intent_id;
    let mut connection = checkout.pool.connection().await?;
    let stored = schema::transaction(&mut connection, async |connection| {
        if create::await_payment_if_created(connection, id, &started.gateway_reference).await? {
            idempotency_keys::store_answer_if_unanswered(connection, user_id, key, id, &body).await?;
            return Ok::<_, CreateIntentError>(Some(body.clone()));
        }
        release_lease(connection, request, session).await?;
        let found = idempotency_keys::find(connection, user_id, key).await?;
        Ok(found.filter(|found| found.payment_intent_id == *id).and_then(|found| found.response_body))
    })
    .await?;
    stored.ok_or(CreateIntentError::RequestInProgress { retry_after_seconds: 1 })
}

/// The gateway will not have this payment: the intent has failed, its stock is free, and so is the key.
async fn fail(checkout: &Checkout, request: &Request, session: &Session) -> Result<(), CreateIntentError> {
    let id = &session.intent.payment_intent_id;
    let mut connection = checkout.pool.connection().await?;
    schema::transaction(&mut connection, async |connection| {
        if create::fail_if_created(connection, id, "gateway refused to start").await? {
            let held = earlier::held_by(connection, id).await?;
            reserve(connection, id, &[], &held).await?;
        }
        release_lease(connection, request, session).await
    })
    .await
}

async fn release_lease(
    connection: &mut Connection,
    request: &Request,
    session: &Session,
) -> Result<(), CreateIntentError> {
    let (user_id, key) = (&request.user_id, &request.idempotency_key);
    // Where another request has taken the expired lease over, it is that request's to release.
    idempotency_keys::release_lease_if_held(connection, user_id, key, session.leased_until).await?;
    Ok(())
}

fn display_name(items: &[SnapshotLine]) -> String {
    match items {
        [] => "Order".to_owned(),
        [only] => only.product_name.clone(),
        [first, others @ ..] => format!("{} and {} more", first.product_name, others.len()),
    }
}

pub(super) fn not_started(error: StartPaymentError) -> CreateIntentError {
    match error {
        StartPaymentError::Refused { reason } => CreateIntentError::GatewayRefused { reason },
        StartPaymentError::Unavailable { reason } => CreateIntentError::GatewayUnavailable { reason },
    }
}
