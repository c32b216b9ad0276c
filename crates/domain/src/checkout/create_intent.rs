use schema::{
    Connection,
    queries::{
        carts::{self, Cart, CartLine},
        idempotency_keys::{self, NewRequest},
        payment_intents::create::{self, NewIntent},
    },
};

use super::{
    Checkout, CreateIntent, CreateIntentError,
    cart_lines::{self, Lines},
    earlier,
    identifiers::new_payment_intent_id,
    repetition::{self, Repetition},
    request::Request,
    reserve::reserve,
    session::{self, Session, UnstartedIntent},
};
use crate::{
    jobs::VerifyPayment,
    payments::gateway::Gateway,
    queue::{Enqueue, enqueue},
};

/// What the first transaction came to.
enum Begun {
    /// The body of the answer, stored under the key.
    Answered(Vec<u8>),
    /// The gateway has to be asked for a session; this request has the key until then.
    Leased(Session),
    /// The cart was given the catalogue's prices instead.
    Repriced { cart_version: i64 },
}

/// Makes an intent for the shopper's cart, or repeats what the same request got before; returns the answer's body.
///
/// No connection is held while a gateway is asked. A crash at any point leaves a reservation that expires by itself
/// and a key with which the same request goes on.
pub async fn create_intent(checkout: &Checkout, command: CreateIntent) -> Result<Vec<u8>, CreateIntentError> {
    let request = Request::checked(command)?;
    create_alone(checkout, checkout.gateway(request.provider)?, &request).await
}

pub(super) async fn create_alone(
    checkout: &Checkout,
    gateway: &dyn Gateway,
    request: &Request,
) -> Result<Vec<u8>, CreateIntentError> {
    match begin(checkout, gateway, request).await? {
        Begun::Answered(body) => Ok(body),
        Begun::Leased(session) => session::open(checkout, gateway, request, session).await,
        Begun::Repriced { cart_version } => Err(CreateIntentError::CartChanged { cart_version }),
    }
}

async fn begin(
    checkout: &Checkout,
    gateway: &dyn Gateway,
    request: &Request,
) -> Result<Begun, CreateIntentError> {
    let mut connection = checkout.pool.connection().await?;
    let begun: Result<(Begun, Vec<String>), CreateIntentError> =
        schema::transaction(&mut connection, async |connection| {
            let cart = carts::of_user_for_update(connection, &request.user_id).await?;
            let cart = cart.ok_or(CreateIntentError::CartEmpty)?;
            match repetition::of(connection, request, checkout.lease_seconds()).await? {
                Repetition::First => {}
                Repetition::Answered(body) => return Ok((Begun::Answered(body), Vec::new())),
                Repetition::Resumed(session) => return Ok((Begun::Leased(session), Vec::new())),
            }
            let lines = match cart_lines::confirm(connection, &cart, request).await? {
                Lines::Confirmed(lines) => lines,
                Lines::Repriced { cart_version } => {
                    return Ok((Begun::Repriced { cart_version }, Vec::new()));
                }
            };
            let amount_minor = cart_lines::amount_minor(&lines, request)?;
            let earlier = earlier::supersede(connection, &cart).await?;
            let priced = Priced { cart: &cart, lines: &lines, amount_minor };
            let intent = store(connection, checkout, gateway, request, &priced).await?;
            let id = intent.payment_intent_id.clone();
            let begun = match gateway.reference_in_advance(&id) {
                Some(_) => answer(connection, checkout, gateway, request, &intent).await?,
                None => lease(connection, checkout, request, intent).await?,
            };
            reserve(connection, &id, &lines, &earlier.held).await?;
            Ok((begun, earlier.superseded_ids))
        })
        .await;
    let (begun, superseded_ids) = begun?;
    for id in &superseded_ids {
        checkout.waker.intent_changed(id);
    }
    Ok(begun)
}

/// A cart whose every line can be bought, and what that costs.
struct Priced<'a> {
    cart: &'a Cart,
    lines: &'a [CartLine],
    amount_minor: i64,
}

/// Stores the intent with its snapshot, and owes the first question about it. The question's job is new, so that
/// enqueuing it waits for nobody.
async fn store(
    connection: &mut Connection,
    checkout: &Checkout,
    gateway: &dyn Gateway,
    request: &Request,
    priced: &Priced<'_>,
) -> Result<UnstartedIntent, CreateIntentError> {
    let payment_intent_id = new_payment_intent_id(request.provider);
    let gateway_reference = gateway.reference_in_advance(&payment_intent_id);
    let intent = NewIntent {
        payment_intent_id: &payment_intent_id,
        user_id: &request.user_id,
        cart_id: priced.cart.cart_id,
        cart_version: priced.cart.version,
        cart_round: priced.cart.round,
        provider: request.provider.as_str(),
        gateway_reference: gateway_reference.as_deref(),
        amount_minor: priced.amount_minor,
        shipping_address: &serde_json::to_value(&request.shipping_address)?,
        ttl_seconds: checkout.terms.intent_ttl.as_secs_f64(),
    };
    let expires_at = create::insert(connection, &intent).await?;
    create::insert_snapshot(connection, &payment_intent_id, &cart_lines::snapshot_rows(priced.lines)).await?;
    let question = VerifyPayment { payment_intent_id: payment_intent_id.clone() };
    let due = Enqueue {
        run_in: checkout.terms.first_question_after,
        max_attempts: checkout.terms.job_attempts_max,
    };
    enqueue(connection, &question, due).await?;
    let items = priced.lines.iter().map(cart_lines::snapshot_line).collect();
    Ok(UnstartedIntent { payment_intent_id, amount_minor: priced.amount_minor, expires_at, items })
}

/// For a gateway that needs no call to start a payment: stores the answer under the key.
async fn answer(
    connection: &mut Connection,
    checkout: &Checkout,
    gateway: &dyn Gateway,
    request: &Request,
    intent: &UnstartedIntent,
) -> Result<Begun, CreateIntentError> {
    let started = gateway.start(intent.payment(request)).await.map_err(session::not_started)?;
    let body = intent.answer(checkout, request, started.redirection)?;
    let new = NewRequest { response_body: Some(&body), ..new_request(request, intent) };
    idempotency_keys::put_if_unanswered(connection, &new).await?;
    Ok(Begun::Answered(body))
}

/// For a gateway that has to be asked first: keeps the key for this request until it was.
async fn lease(
    connection: &mut Connection,
    checkout: &Checkout,
    request: &Request,
    intent: UnstartedIntent,
) -> Result<Begun, CreateIntentError> {
    let new = NewRequest { lease_seconds: Some(checkout.lease_seconds()), ..new_request(request, &intent) };
    let leased_until = idempotency_keys::put_if_unanswered(connection, &new).await?;
    let leased_until =
        leased_until.ok_or_else(|| schema::Error::Defect("a lease without an end was stored".to_owned()))?;
    Ok(Begun::Leased(Session { intent, leased_until }))
}

fn new_request<'a>(request: &'a Request, intent: &'a UnstartedIntent) -> NewRequest<'a> {
    NewRequest {
        user_id: &request.user_id,
        key: &request.idempotency_key,
        request_digest: &request.digest,
        payment_intent_id: &intent.payment_intent_id,
        lease_seconds: None,
        response_body: None,
    }
}
