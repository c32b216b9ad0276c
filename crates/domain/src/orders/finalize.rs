//! Verified payments become orders, a batch in one transaction.

use std::time::{Duration, Instant};

use schema::{
    Connection, FromSchema,
    queries::{
        finalize::{self, NewOrder},
        leases, payment_intents,
        payment_intents::{read::IntentToFinalize, status::Move},
        reservations::{self, ReservationEnd},
        review_cases,
    },
    transaction,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    OrderNumber,
    plan::{Plan, superseded_by},
};
use crate::{
    payments::{
        status::{CaseKind, IntentStatus, Reservation, UnknownWord},
        transitions::CaseEnd,
    },
    queue::{self, Lease, WorkerId},
    refunds::{RefundTerms, RequestRefund, owe_refund_jobs, write_refunds},
};

/// A job of the batch and the intent it names.
#[derive(Debug, Clone, Copy)]
pub struct ToFinalize<'a> {
    pub lease: &'a Lease,
    pub payment_intent_id: &'a str,
}

/// An intent that is an order now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    pub payment_intent_id: String,
    pub order_number: String,
    /// From the payment's verification to just before COMMIT.
    pub owed_for: Duration,
}

/// What became of the batch. Jobs are completed but for the last two kinds.
#[derive(Debug, Clone, Default)]
pub struct Finalized {
    pub ordered: Vec<Ordered>,
    /// Intents whose money could not become an order and goes back; each has a refund and its job.
    pub refunding: Vec<(String, CaseKind)>,
    /// Intents whose money could not become an order and cannot be sent back; each has a review case.
    pub under_review: Vec<(String, CaseKind)>,
    /// Intents that had nothing to be done.
    pub nothing: Vec<String>,
    /// Unpaid intents whose stock was released because their round is an order now.
    pub superseded: Vec<String>,
    /// Intents that do not exist: their jobs are still held, and are to be given up.
    pub unknown: Vec<String>,
    /// Jobs that somebody else holds now; nothing was done for them.
    pub lost_job_ids: Vec<i64>,
}

impl Finalized {
    /// The intents of which followers have something new to see.
    pub fn moved_ids(&self) -> impl Iterator<Item = &str> {
        let ordered = self.ordered.iter().map(|order| order.payment_intent_id.as_str());
        let unordered = self.refunding.iter().chain(&self.under_review).map(|(id, _)| id.as_str());
        ordered.chain(unordered).chain(self.superseded.iter().map(String::as_str))
    }
}

/// Why a batch was not finalized; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum FinalizeError {
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

impl FromSchema for FinalizeError {
    fn schema_error(&self) -> Option<&schema::Error> {
        match self {
            Self::Schema(error) => Some(error),
            Self::UnknownWord(_) => None,
        }
    }
}

/// Makes the orders of a batch: order, lines, stock, cart, intent and job commit together.
///
/// One bad intent refuses the whole batch: the caller then runs them one by one. Two intents that paid for
/// one cart round become one order, the first in the batch. The other, and late money whose stock is gone, is
/// refunded where the terms cover its gateway, else reviewed.
pub async fn finalize(
    connection: &mut Connection,
    worker_id: &WorkerId,
    batch: &[ToFinalize<'_>],
    terms: &RefundTerms,
) -> Result<Finalized, FinalizeError> {
    transaction(connection, async |connection| {
        let held = lock_held_jobs(connection, worker_id, batch).await?;
        let wanted: Vec<&str> = held.iter().map(|job| job.payment_intent_id).collect();
        let carts = finalize::lock_carts_of_intents_for_update(connection, &wanted).await?;
        let cart_ids: Vec<Uuid> = carts.iter().map(|cart| cart.cart_id).collect();
        let intents =
            payment_intents::read::lock_to_finalize_for_update(connection, &wanted, &cart_ids).await?;
        let looked_at = Instant::now();

        let plan = Plan::make(&wanted, &carts, &intents, terms)?;
        let (reserved_again, short) = reserve_late(connection, &plan, &intents).await?;
        let ordered: Vec<&str> = plan.settle.iter().chain(&reserved_again).map(String::as_str).collect();
        let superseded = superseded_by(&intents, &ordered);
        let orders = new_orders(&ordered);

        if !orders.is_empty() {
            finalize::insert_orders_with_items(connection, &orders).await?;
        }
        end_reservations(connection, &ordered, &superseded, &plan).await?;
        if !ordered.is_empty() {
            finalize::take_paid_lines_from_carts(connection, &ordered).await?;
        }
        move_to_orders(connection, &ordered, &superseded).await?;
        let (refunding, under_review) = unordered(&plan, short);
        refund(connection, &refunding, terms).await?;
        review(connection, &under_review).await?;
        let done = held.iter().filter(|job| !plan.unknown.iter().any(|id| id == job.payment_intent_id));
        let done: Vec<Lease> = done.map(|job| job.lease.clone()).collect();
        queue::complete(connection, worker_id, &done).await?;
        schema::check_deferred_constraints(connection).await?;
        Ok(Finalized {
            ordered: told(orders, &intents, looked_at.elapsed()),
            refunding,
            under_review,
            nothing: plan.nothing,
            unknown: plan.unknown,
            superseded: superseded.into_iter().map(str::to_owned).collect(),
            lost_job_ids: lost(batch, &held),
        })
    })
    .await
}

async fn lock_held_jobs<'a, 'b>(
    connection: &mut Connection,
    worker_id: &WorkerId,
    batch: &'b [ToFinalize<'a>],
) -> Result<Vec<&'b ToFinalize<'a>>, schema::Error> {
    let fences = queue::FenceBatch::of(worker_id, batch.iter().map(|job| job.lease));
    let held = leases::lock_held_for_update(connection, fences.fences()).await?;
    Ok(batch.iter().filter(|job| held.contains(&job.lease.job_id)).collect())
}

fn lost(batch: &[ToFinalize<'_>], held: &[&ToFinalize<'_>]) -> Vec<i64> {
    let is_held = |id: i64| held.iter().any(|job| job.lease.job_id == id);
    batch.iter().map(|job| job.lease.job_id).filter(|id| !is_held(*id)).collect()
}

/// Tries to get the stock of late payments back, each as a whole, in the batch's order. Whatever else the batch
/// settles or releases is locked with it, since locks on stock are taken in one order only.
async fn reserve_late(
    connection: &mut Connection,
    plan: &Plan,
    intents: &[IntentToFinalize],
) -> Result<(Vec<String>, Vec<String>), schema::Error> {
    if plan.late.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let all: Vec<&str> = intents.iter().map(|intent| intent.payment_intent_id.as_str()).collect();
    reservations::lock_stock_of_intents_for_update(connection, &all).await?;
    let (mut reserved, mut short) = (Vec::new(), Vec::new());
    for id in &plan.late {
        let is_reserved = reservations::reserve_again_if_available(connection, id).await?;
        if is_reserved { &mut reserved } else { &mut short }.push(id.clone());
    }
    Ok((reserved, short))
}

fn new_orders(ordered: &[&str]) -> Vec<NewOrder> {
    let mut random = rand::rng();
    let new = |id: &&str| NewOrder {
        id: Uuid::now_v7(),
        order_number: OrderNumber::random(&mut random).to_string(),
        payment_intent_id: (*id).to_owned(),
    };
    ordered.iter().map(new).collect()
}

fn told(orders: Vec<NewOrder>, intents: &[IntentToFinalize], since_looked_at: Duration) -> Vec<Ordered> {
    let owed_seconds =
        |id: &str| intents.iter().find(|i| i.payment_intent_id == id).map(|i| i.status_age_seconds);
    let told = |order: NewOrder| {
        let owed_seconds = owed_seconds(&order.payment_intent_id).unwrap_or_default();
        let owed_for = Duration::try_from_secs_f64(owed_seconds).unwrap_or_default() + since_looked_at;
        Ordered { payment_intent_id: order.payment_intent_id, order_number: order.order_number, owed_for }
    };
    orders.into_iter().map(told).collect()
}

/// One update a variant for everything that the batch sells and gives back.
async fn end_reservations(
    connection: &mut Connection,
    ordered: &[&str],
    superseded: &[&str],
    plan: &Plan,
) -> Result<(), schema::Error> {
    let settled = ordered.iter().map(|id| (*id, ReservationEnd::Settled));
    let released = superseded.iter().map(|id| (*id, ReservationEnd::Released));
    let held_second = plan
        .second
        .iter()
        .filter(|(_, reservation)| *reservation == Reservation::Held)
        .map(|(id, _)| (id.as_str(), ReservationEnd::Released));
    let ends: Vec<(&str, ReservationEnd)> = settled.chain(released).chain(held_second).collect();
    reservations::end_held(connection, &ends).await
}

/// Intents and why their money becomes no order.
type Unordered = Vec<(String, CaseKind)>;

/// What can be sent back, and what a person must look at.
fn unordered(plan: &Plan, short: Vec<String>) -> (Unordered, Unordered) {
    let second = plan.second.iter().map(|(id, _)| (id.clone(), CaseKind::SecondPayment));
    let late = short.into_iter().map(|id| (id, CaseKind::LatePayment));
    second.chain(late).partition(|(id, _)| plan.refundable.contains(id))
}

const fn cause_of(kind: CaseKind) -> &'static str {
    if matches!(kind, CaseKind::SecondPayment) {
        "this cart round has another order"
    } else {
        "paid late; the stock is gone"
    }
}

async fn move_to_orders(
    connection: &mut Connection,
    ordered: &[&str],
    superseded: &[&str],
) -> Result<(), schema::Error> {
    let completed = ordered.iter().map(|id| Move {
        payment_intent_id: id,
        status: IntentStatus::Completed.as_str(),
        reservation: Reservation::Settled.as_str(),
        cause: "the order was made",
    });
    let superseded = superseded.iter().map(|id| Move {
        payment_intent_id: id,
        status: IntentStatus::Superseded.as_str(),
        reservation: Reservation::Released.as_str(),
        cause: "another intent of this cart became its order",
    });
    let moves: Vec<Move<'_>> = completed.chain(superseded).collect();
    payment_intents::status::move_locked(connection, &moves).await?;
    let (resolution, reason) = (CaseEnd::Fulfilled.as_str(), "its order was made");
    review_cases::resolve_open_of_intents(connection, ordered, resolution, CaseEnd::RULE, reason).await?;
    Ok(())
}

/// Sends money back. The jobs are owed after the intents are locked, against the usual order: a job of this
/// key that is still live belongs to an earlier refund that has just ended, which is rare enough that the
/// transaction may then lose a deadlock and be run again.
async fn refund(
    connection: &mut Connection,
    refunding: &[(String, CaseKind)],
    terms: &RefundTerms,
) -> Result<(), schema::Error> {
    let ids: Vec<&str> = refunding.iter().map(|(id, _)| id.as_str()).collect();
    let requests: Vec<RequestRefund<'_>> = refunding
        .iter()
        .map(|(id, kind)| RequestRefund {
            payment_intent_id: id,
            reservation: Reservation::Released,
            cause: cause_of(*kind),
            requested_by: None,
        })
        .collect();
    write_refunds(connection, &requests).await?;
    owe_refund_jobs(connection, ids.iter().copied(), terms.job_attempts_max).await?;
    let (resolution, reason) = (CaseEnd::Refunded.as_str(), "the payment is refunded");
    review_cases::resolve_open_of_intents(connection, &ids, resolution, CaseEnd::RULE, reason).await?;
    Ok(())
}

/// Gives what cannot be sent back to a person.
async fn review(
    connection: &mut Connection,
    under_review: &[(String, CaseKind)],
) -> Result<(), schema::Error> {
    let moves: Vec<Move<'_>> = under_review
        .iter()
        .map(|(id, kind)| Move {
            payment_intent_id: id,
            status: IntentStatus::UnderReview.as_str(),
            reservation: Reservation::Released.as_str(),
            cause: cause_of(*kind),
        })
        .collect();
    payment_intents::status::move_locked(connection, &moves).await?;
    for (id, kind) in under_review {
        let evidence =
            json!({ "kind": kind.as_str(), "cart_round_has_an_order": *kind == CaseKind::SecondPayment });
        review_cases::open_or_append(connection, id, kind.as_str(), &evidence).await?;
    }
    Ok(())
}
