//! Orders: what is due is made in one transaction, and one by one where that is refused.

use std::{
    collections::{HashMap, VecDeque},
    pin::pin,
    sync::Arc,
};

use domain::{
    Error,
    jobs::{FinalizeOrder, Job, RefundPayment},
    orders::finalize::{FinalizeError, Finalized, Ordered, ToFinalize, finalize},
    payments::status::CaseKind,
    queue::{Line, Outcome},
};
use futures_util::future::join_all;
use tracing::{Instrument, Span};

use crate::{
    attempt::{catch_panic, span_of},
    claimer::Claimer,
    context::Context,
    held::Held,
    metrics::Ending,
    pulse::Pulse,
    settling,
};

/// Orders made in one transaction: beyond this a batch gains little and locks much.
const BATCH_MAX: u32 = 50;
/// The one refusal that another attempt, with another random number, does not meet.
const DRAWN_BEFORE: &str = "an_order_number_is_given_once";

/// A job of a batch.
struct Attempt {
    held: Held,
    payment_intent_id: String,
    span: Span,
}

/// Why a batch was refused; nothing of it was written.
enum Refusal {
    Finalize(FinalizeError),
    Panic(String),
}

/// Claims what is due, at most fifty, and makes its orders, until the worker stops.
pub(crate) async fn run(context: Arc<Context>, pulse: Pulse) {
    let mut claimer =
        Claimer::new(&context, Line::of::<FinalizeOrder>(), &context.wake_ups.finalize_order, pulse);
    while let Some(claimed) = claimer.next(BATCH_MAX).await {
        let (to_run, to_return) = apart_from_suspects(claimed);
        if !to_return.is_empty() {
            settling::return_unstarted(&context, to_return).await;
            context.wake_ups.finalize_order.notify_one();
        }
        let mut batch = Vec::new();
        for held in to_run {
            batch.extend(read(&context, held).await);
        }
        run_together(&context, batch).await;
    }
}

/// What is run now, and what is given back first. A job that may have killed its worker is run with no other job of
/// this lane in hand: whoever had not started loses nothing to it. The longest due goes first, so that neither waits
/// for ever.
fn apart_from_suspects(claimed: Vec<Held>) -> (Vec<Held>, Vec<Held>) {
    if claimed.first().is_some_and(Held::is_suspect) {
        let mut claimed = claimed.into_iter();
        return (claimed.next().into_iter().collect(), claimed.collect());
    }
    claimed.into_iter().partition(|held| !held.is_suspect())
}

async fn read(context: &Context, held: Held) -> Option<Attempt> {
    let span = span_of(&held.lease);
    match held.lease.read::<FinalizeOrder>() {
        Ok(job) => Some(Attempt { held, payment_intent_id: job.payment_intent_id, span }),
        Err(error) => {
            let reason = format!("the payload cannot be read: {error}");
            settling::settle(context, &held, Outcome::GiveUp { reason }).instrument(span).await;
            None
        }
    }
}

async fn run_together(context: &Context, batch: Vec<Attempt>) {
    if batch.is_empty() {
        return;
    }
    match attempt(context, &batch).await {
        Ok(finalized) => conclude(context, batch, finalized).await,
        // Of an outage each job would only learn the same, one time-out after the other.
        Err(refusal) if batch.len() == 1 || refusal.is_outage() => {
            // Side by side, so that all are written as soon as one can be.
            let settled = batch.iter().map(|job| {
                settling::settle(context, &job.held, refusal.outcome()).instrument(job.span.clone())
            });
            join_all(settled).await;
        }
        Err(refusal) => {
            tracing::warn!(
                error = refusal.to_string(),
                jobs = batch.len(),
                "batch refused; going one by one"
            );
            run_alone(context, batch).await;
        }
    }
}

/// One transaction a job. A stopping worker gives back at once those that it has not begun, however long the one that
/// runs still takes.
async fn run_alone(context: &Context, jobs: Vec<Attempt>) {
    let mut waiting = VecDeque::from(jobs);
    while !context.stopping.is_cancelled() {
        let Some(job) = waiting.pop_front() else { return };
        let mut running = pin!(run_one(context, job));
        tokio::select! {
            biased;
            () = context.stopping.cancelled() => {
                tokio::join!(running, give_back(context, std::mem::take(&mut waiting)));
            }
            () = &mut running => {}
        }
    }
    give_back(context, waiting).await;
}

async fn give_back(context: &Context, unstarted: VecDeque<Attempt>) {
    settling::return_unstarted(context, unstarted.into_iter().map(|job| job.held).collect()).await;
}

async fn run_one(context: &Context, job: Attempt) {
    match attempt(context, std::slice::from_ref(&job)).await {
        Ok(finalized) => conclude(context, vec![job], finalized).await,
        Err(refusal) => {
            settling::settle(context, &job.held, refusal.outcome()).instrument(job.span.clone()).await;
        }
    }
}

async fn attempt(context: &Context, batch: &[Attempt]) -> Result<Finalized, Refusal> {
    let span = match batch {
        [only] => only.span.clone(),
        _ => {
            let span = tracing::info_span!("finalize_batch", jobs = batch.len());
            batch.iter().for_each(|job| {
                span.follows_from(&job.span);
            });
            span
        }
    };
    let jobs: Vec<ToFinalize<'_>> = batch
        .iter()
        .map(|job| ToFinalize { lease: &job.held.lease, payment_intent_id: &job.payment_intent_id })
        .collect();
    let made = async {
        let mut connection = context.work.connection().await?;
        finalize(&mut connection, &context.worker_id, &jobs, &context.refund_terms).await
    };
    match catch_panic(made.instrument(span)).await {
        Ok(Ok(finalized)) => Ok(finalized),
        Ok(Err(error)) => Err(Refusal::Finalize(error)),
        Err(panic) => Err(Refusal::Panic(panic)),
    }
}

/// After COMMIT: tells who waits, and settles the jobs of intents that do not exist.
async fn conclude(context: &Context, batch: Vec<Attempt>, finalized: Finalized) {
    finalized.moved_ids().for_each(|id| context.waker.intent_changed(id));
    if !finalized.refunding.is_empty() {
        context.wake_ups.refund_payment.notify_one();
        context.waker.job_of_type_enqueued(RefundPayment::JOB_TYPE);
    }
    let ordered: HashMap<String, Ordered> =
        finalized.ordered.into_iter().map(|order| (order.payment_intent_id.clone(), order)).collect();
    for job in batch {
        let id = job.payment_intent_id.as_str();
        if finalized.lost_job_ids.contains(&job.held.lease.job_id) {
            job.span.in_scope(|| tracing::warn!("the lease was lost; nothing was done"));
            context.metrics.ended(&job.held, Ending::LeaseLost);
        } else if finalized.unknown.iter().any(|unknown| unknown == id) {
            let reason = format!("there is no intent {id}");
            settling::settle(context, &job.held, Outcome::GiveUp { reason }).instrument(job.span).await;
        } else {
            let unordered = |intents: &[(String, CaseKind)]| {
                intents.iter().find(|(unordered, _)| unordered == id).map(|(_, kind)| kind.as_str())
            };
            job.span.in_scope(|| {
                if let Some(order) = ordered.get(id) {
                    tracing::info!(order_number = order.order_number, "order made");
                } else if let Some(kind) = unordered(&finalized.refunding) {
                    tracing::warn!(kind, "paid, but no order; it is refunded");
                } else if let Some(kind) = unordered(&finalized.under_review) {
                    tracing::warn!(kind, "paid, but no order; a review case is open");
                } else {
                    tracing::info!("nothing to be done");
                }
            });
            if let Some(order) = ordered.get(id) {
                context.metrics.ordered(order.owed_for);
            }
            context.metrics.ended(&job.held, Ending::Completed);
        }
    }
}

impl Refusal {
    const fn is_outage(&self) -> bool {
        matches!(self, Self::Finalize(FinalizeError::Schema(Error::Unavailable(_))))
    }

    /// What a refusal means for a job that ran alone.
    fn outcome(&self) -> Outcome {
        match self {
            // Paid rows never change, so what a constraint refuses once it refuses for ever: a person looks at once.
            Self::Finalize(FinalizeError::Schema(error @ Error::Refused { .. }))
                if !error.is_refused_by(DRAWN_BEFORE) =>
            {
                Outcome::GiveUp { reason: error.to_string() }
            }
            Self::Finalize(FinalizeError::Schema(_) | FinalizeError::UnknownWord(_)) | Self::Panic(_) => {
                Outcome::Retry { error: self.to_string() }
            }
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finalize(error) => error.fmt(f),
            Self::Panic(panic) => f.write_str(panic),
        }
    }
}
