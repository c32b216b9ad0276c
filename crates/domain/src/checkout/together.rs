use std::collections::{HashMap, HashSet};

use schema::{
    Connection,
    queries::{
        carts::{self, Cart, CartLine},
        jobs::{self, NewJob},
        payment_intents::create_group::{self, NewIntents, NewKeys, Requests},
    },
};
use uuid::Uuid;

use super::{
    Checkout, CreateIntentError, ShortLine, cart_lines,
    desk::{Served, Waiting},
    identifiers::new_payment_intent_id,
    reserve::{self, Reservation},
    session::{self, Session, UnstartedIntent},
};
use crate::{jobs::VerifyPayment, queue};

/// Makes the intents of a group in one transaction, each whole or not at all.
///
/// Only what is plain is done here: a first request for a cart that can be bought as it stands. Stock is read first and
/// divided in the order of the group, so that rows are locked for the last statement and the commit only; a reader may
/// find that somebody took stock in between.
///
/// # Errors
/// `InsufficientStock` where stock that was read is gone: nothing is done, and the same call may succeed.
pub(super) async fn create_together(
    connection: &mut Connection,
    checkout: &Checkout,
    group: &[Waiting],
) -> Result<Vec<Served>, CreateIntentError> {
    schema::transaction(connection, async |connection| {
        let mut stock = Stock::default();
        let plain = plain_carts(connection, group).await?;
        let judged: Vec<Verdict<'_>> =
            group.iter().zip(plain).map(|(waiting, plain)| Verdict::of(waiting, plain, &mut stock)).collect();
        let accepted: Vec<&Wanted<'_>> = judged.iter().filter_map(Verdict::accepted).collect();
        let mut begun = Vec::new();
        if !accepted.is_empty() {
            begun = store(connection, checkout, &accepted).await?;
            let reservations: Vec<Reservation<'_>> =
                accepted.iter().map(|wanted| wanted.reservation()).collect();
            reserve::reserve_all(connection, &reservations).await?;
        }
        let mut begun = begun.into_iter();
        let served = judged.into_iter().map(|verdict| match verdict {
            Verdict::Accepted(_) => begun.next().unwrap_or(Served::Alone),
            Verdict::Short(lines) => Served::Refused(CreateIntentError::InsufficientStock(lines)),
            Verdict::Alone => Served::Alone,
        });
        Ok(served.collect())
    })
    .await
}

/// What a request is to get.
enum Verdict<'a> {
    Accepted(Wanted<'a>),
    Short(Vec<ShortLine>),
    Alone,
}

impl<'a> Verdict<'a> {
    fn of(waiting: &'a Waiting, plain: Option<PlainCart>, stock: &mut Stock) -> Self {
        match plain.and_then(|plain| Wanted::of(waiting, plain)) {
            None => Self::Alone,
            Some(wanted) => match stock.take(&wanted.lines) {
                Ok(()) => Self::Accepted(wanted),
                Err(short) => Self::Short(short),
            },
        }
    }

    const fn accepted(&self) -> Option<&Wanted<'a>> {
        match self {
            Self::Accepted(wanted) => Some(wanted),
            Self::Short(_) | Self::Alone => None,
        }
    }
}

/// A locked cart that nothing was asked about before, with its lines.
struct PlainCart {
    cart: Cart,
    lines: Vec<CartLine>,
}

/// The carts of a group, in its order; `None` where the request is not plain.
async fn plain_carts(
    connection: &mut Connection,
    group: &[Waiting],
) -> Result<Vec<Option<PlainCart>>, schema::Error> {
    let user_ids: Vec<&str> = group.iter().map(|waiting| waiting.request.user_id.as_str()).collect();
    let mut carts = carts::of_users_for_update_unless_locked(connection, &user_ids).await?;
    let mut requests = Requests::default();
    for waiting in group {
        if let Some(cart) = carts.get(&waiting.request.user_id) {
            requests.cart_ids.push(cart.cart_id);
            requests.cart_rounds.push(cart.round);
            requests.user_ids.push(&waiting.request.user_id);
            requests.keys.push(&waiting.request.idempotency_key);
        }
    }
    if requests.cart_ids.is_empty() {
        return Ok(group.iter().map(|_| None).collect());
    }
    let earlier = create_group::carts_with_something_earlier(connection, &requests).await?;
    let earlier: HashSet<Uuid> = earlier.into_iter().collect();
    let mut lines = carts::lines_of_carts(connection, &requests.cart_ids).await?;
    let mut plain = |waiting: &Waiting| {
        let cart = carts.remove(&waiting.request.user_id)?;
        let lines = lines.remove(&cart.cart_id)?;
        (!earlier.contains(&cart.cart_id)).then_some(PlainCart { cart, lines })
    };
    Ok(group.iter().map(&mut plain).collect())
}

/// An intent to be made.
struct Wanted<'a> {
    waiting: &'a Waiting,
    payment_intent_id: String,
    cart: Cart,
    lines: Vec<CartLine>,
    amount_minor: i64,
}

impl<'a> Wanted<'a> {
    /// `None` where the cart is not as the shopper saw it, or cannot be bought as it stands.
    fn of(waiting: &'a Waiting, PlainCart { cart, lines }: PlainCart) -> Option<Self> {
        let request = &waiting.request;
        let is_as_seen = |line: &CartLine| {
            line.unit_price_minor == line.catalogue_price_minor
                && line.variant_is_active
                && line.product_is_active
        };
        if cart.version != request.cart_version || !lines.iter().all(is_as_seen) {
            return None;
        }
        let amount_minor = cart_lines::amount_minor(&lines, request).ok()?;
        let payment_intent_id = new_payment_intent_id(request.provider);
        Some(Self { waiting, payment_intent_id, cart, lines, amount_minor })
    }

    fn reservation(&self) -> Reservation<'_> {
        Reservation { payment_intent_id: &self.payment_intent_id, lines: &self.lines }
    }
}

/// What is left of each variant while a group is served.
#[derive(Default)]
struct Stock(HashMap<String, i32>);

impl Stock {
    /// Takes every line or none; says of the short ones what could be had.
    fn take(&mut self, lines: &[CartLine]) -> Result<(), Vec<ShortLine>> {
        let mut short = Vec::new();
        for line in lines {
            let left = self.0.entry(line.variant_id.clone()).or_insert(line.available.unwrap_or(0));
            if *left < line.quantity {
                short.push(ShortLine {
                    variant_id: line.variant_id.clone(),
                    sku: line.sku.clone(),
                    wanted: line.quantity,
                    available: *left,
                });
            }
        }
        if !short.is_empty() {
            return Err(short);
        }
        for line in lines {
            if let Some(left) = self.0.get_mut(&line.variant_id) {
                *left -= line.quantity;
            }
        }
        Ok(())
    }
}

/// Stores intents, snapshots, the first question about each, and the keys with their answers or leases.
async fn store(
    connection: &mut Connection,
    checkout: &Checkout,
    group: &[&Wanted<'_>],
) -> Result<Vec<Served>, CreateIntentError> {
    let references: Vec<Option<String>> = group
        .iter()
        .map(|wanted| {
            let gateway = checkout.gateway(wanted.waiting.request.provider)?;
            Ok(gateway.reference_in_advance(&wanted.payment_intent_id))
        })
        .collect::<Result<_, CreateIntentError>>()?;
    let new = new_intents(checkout, group, &references)?;
    let expires_at = create_group::insert_with_snapshots(connection, &new).await?;
    jobs::enqueue(connection, &questions(checkout, group)?).await?;

    let mut bodies = Vec::with_capacity(group.len());
    let mut intents = Vec::with_capacity(group.len());
    for (wanted, reference) in group.iter().zip(&references) {
        let intent = UnstartedIntent {
            payment_intent_id: wanted.payment_intent_id.clone(),
            amount_minor: wanted.amount_minor,
            expires_at,
            items: wanted.lines.iter().map(cart_lines::snapshot_line).collect(),
        };
        bodies.push(match reference {
            Some(_) => Some(signed_answer(checkout, wanted, &intent).await?),
            None => None,
        });
        intents.push(intent);
    }
    let leased_until = create_group::insert_keys(connection, &new_keys(checkout, group, &bodies)).await?;
    let begun = bodies.into_iter().zip(intents).map(|(body, intent)| match body {
        Some(body) => Served::Answered(body),
        None => Served::Leased(Session { intent, leased_until }),
    });
    Ok(begun.collect())
}

/// The answer where the gateway needs no call to start a payment: its form is signed here.
async fn signed_answer(
    checkout: &Checkout,
    wanted: &Wanted<'_>,
    intent: &UnstartedIntent,
) -> Result<Vec<u8>, CreateIntentError> {
    let request = &wanted.waiting.request;
    let gateway = checkout.gateway(request.provider)?;
    let started = gateway.start(intent.payment(request)).await.map_err(session::not_started)?;
    Ok(intent.answer(checkout, request, started.redirection)?)
}

fn new_intents<'a>(
    checkout: &Checkout,
    group: &[&'a Wanted<'_>],
    references: &'a [Option<String>],
) -> Result<NewIntents<'a>, CreateIntentError> {
    let mut new =
        NewIntents { ttl_seconds: checkout.terms.intent_ttl.as_secs_f64(), ..NewIntents::default() };
    for (wanted, reference) in group.iter().zip(references) {
        let request = &wanted.waiting.request;
        new.payment_intent_ids.push(&wanted.payment_intent_id);
        new.user_ids.push(&request.user_id);
        new.cart_ids.push(wanted.cart.cart_id);
        new.cart_versions.push(wanted.cart.version);
        new.cart_rounds.push(wanted.cart.round);
        new.providers.push(request.provider.as_str());
        new.gateway_references.push(reference.as_deref());
        new.amounts_minor.push(wanted.amount_minor);
        new.shipping_addresses.push(serde_json::to_value(&request.shipping_address)?);
        new.line_intent_ids.extend(wanted.lines.iter().map(|_| wanted.payment_intent_id.as_str()));
        cart_lines::append_snapshot_rows(&mut new.lines, &wanted.lines);
    }
    Ok(new)
}

/// The first question about each intent. Its job is new, so that enqueuing it waits for nobody.
fn questions(checkout: &Checkout, group: &[&Wanted<'_>]) -> Result<Vec<NewJob>, schema::Error> {
    let due = queue::Enqueue {
        run_in: checkout.terms.first_question_after,
        max_attempts: checkout.terms.job_attempts_max,
    };
    let question = |wanted: &&Wanted<'_>| {
        let job = VerifyPayment { payment_intent_id: wanted.payment_intent_id.clone() };
        queue::new_job(&job, due, wanted.waiting.trace_context.clone())
    };
    group.iter().map(question).collect()
}

fn new_keys<'a>(checkout: &Checkout, group: &[&'a Wanted<'_>], bodies: &'a [Option<Vec<u8>>]) -> NewKeys<'a> {
    let mut keys = NewKeys { lease_seconds: checkout.lease_seconds(), ..NewKeys::default() };
    for (wanted, body) in group.iter().zip(bodies) {
        let request = &wanted.waiting.request;
        keys.user_ids.push(&request.user_id);
        keys.keys.push(&request.idempotency_key);
        keys.request_digests.push(&request.digest);
        keys.payment_intent_ids.push(&wanted.payment_intent_id);
        keys.response_bodies.push(body.as_deref());
    }
    keys
}
