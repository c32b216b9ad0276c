//! One answer, one transaction: evidence, verification, status, stock, case, order owed, next question.

use std::time::Duration;

use schema::{
    Connection, FromSchema,
    queries::{payment_intents, refunds, reservations, review_cases},
    transaction,
};
use serde_json::{Value, json};

use super::{
    IntentUnderQuestion, QuestionPolicy,
    find::find,
    gateway::{Answer, Asked},
    schedule::{Ages, next_question_in},
    status::{CaseKind, IntentStatus, Reservation, UnknownWord},
    transitions::{CaseEnd, Consequence, Finding, consequence, may_become_verified},
    verified_after::{VerifiedAfter, verified_after},
};
use crate::{
    jobs::FinalizeOrder,
    queue::{self, Enqueue, Lease},
};

/// What made us ask; the word in `payment_gateway_verifications.source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Callback,
    ScheduledQuestion,
    /// Before and after the gateway was asked to give money back.
    RefundLookup,
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::ScheduledQuestion => "scheduled_question",
            Self::RefundLookup => "refund_lookup",
        }
    }
}

/// An answer to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct RecordAnswer<'a> {
    /// The intent as it was when it was asked about.
    pub intent: &'a IntentUnderQuestion,
    pub asked: &'a Asked,
    pub source: Source,
    pub policy: &'a QuestionPolicy,
    /// The job that asked; its loss refuses the answer. A scheduled question's is settled in the same transaction.
    pub lease: Option<&'a Lease>,
}

/// What recording an answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    pub finding: Finding,
    pub status_before: IntentStatus,
    pub status: IntentStatus,
    /// An order is owed now: wake workers.
    pub order_is_owed: bool,
    /// When the job asks again; `None`: it does not, or no job asked.
    pub next_question_in: Option<Duration>,
    /// Where this answer verified the payment.
    pub verified_after: Option<VerifiedAfter>,
}

impl Recorded {
    /// Whether followers of the intent have something new to see.
    pub fn has_moved(&self) -> bool {
        self.status_before != self.status
    }
}

/// Why an answer was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordAnswerError {
    /// Another worker holds the job now; it will ask again.
    #[error("the lease was lost while the gateway was asked")]
    LeaseLost,
    #[error("the intent is gone")]
    IntentGone,
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

impl FromSchema for RecordAnswerError {
    fn schema_error(&self) -> Option<&schema::Error> {
        match self {
            Self::Schema(error) => Some(error),
            Self::LeaseLost | Self::IntentGone | Self::UnknownWord(_) => None,
        }
    }
}

/// Records an answer and does what the status table says, in one transaction.
pub async fn record_answer(
    connection: &mut Connection,
    command: RecordAnswer<'_>,
) -> Result<Recorded, RecordAnswerError> {
    let RecordAnswer { intent: asked_about, asked, source, policy, lease } = command;
    let id = asked_about.payment_intent_id.as_str();
    transaction(connection, async |connection| {
        if let Some(lease) = lease
            && !queue::lock_if_held(connection, lease).await?
        {
            return Err(RecordAnswerError::LeaseLost);
        }
        let order_may_be_owed = may_verify(asked_about, &asked.answer)?;
        if order_may_be_owed {
            let job = FinalizeOrder { payment_intent_id: id.to_owned() };
            let due_now = Enqueue { run_in: Duration::ZERO, max_attempts: policy.job_attempts_max };
            queue::enqueue(connection, &job, due_now).await?;
        }
        let intent = payment_intents::read::under_question_for_update(connection, id)
            .await?
            .ok_or(RecordAnswerError::IntentGone)?;
        let outcome = asked.answer.outcome();
        payment_intents::events::insert_answer(connection, id, outcome, source.as_str(), &asked.raw_response)
            .await?;
        let finding = find(connection, &intent, &command).await?;
        let status_before: IntentStatus = intent.status.parse()?;
        let open_case = review_cases::open_kind_of_intent(connection, id).await?;
        let open_case: Option<CaseKind> = open_case.map(|kind| kind.parse()).transpose()?;
        let mut consequence = consequence(status_before, finding, open_case);
        if was_decided_before(connection, &intent, finding, consequence, asked).await? {
            consequence = Consequence::default();
        }
        apply(connection, &intent, consequence, asked).await?;
        let status = consequence.status.unwrap_or(status_before);
        let next_question_in = settle_question(connection, &intent, status, &command).await?;
        let is_newly_verified = status == IntentStatus::Verified && status_before != status;
        let verified_after =
            if is_newly_verified { Some(verified_after(connection, id).await?) } else { None };
        Ok(Recorded {
            finding,
            status_before,
            status,
            order_is_owed: order_may_be_owed && status == IntentStatus::Verified,
            next_question_in,
            verified_after,
        })
    })
    .await
}

/// The order's job is a lock on the queue and comes before the intent's, so it is owed on what was read
/// before; a job that turns out to have nothing to do is done at once.
fn may_verify(intent: &IntentUnderQuestion, answer: &Answer) -> Result<bool, UnknownWord> {
    let status: IntentStatus = intent.status.parse()?;
    let pays = matches!(answer, Answer::Paid { transaction_id: Some(_), amount_minor, .. }
        if *amount_minor == intent.amount_minor);
    Ok(pays && may_become_verified(status))
}

/// Writes what the status table says. The intent is locked.
async fn apply(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    consequence: Consequence,
    asked: &Asked,
) -> Result<(), RecordAnswerError> {
    let id = intent.payment_intent_id.as_str();
    if let Some(status) = consequence.status {
        let reservation: Reservation = intent.reservation.parse()?;
        let reservation_after = reservation.after_move_to(status);
        let cause = format!("the gateway answered: {}", asked.answer.outcome());
        let moved = payment_intents::status::Move {
            payment_intent_id: id,
            status: status.as_str(),
            reservation: reservation_after.as_str(),
            cause: &cause,
        };
        payment_intents::status::move_locked(connection, &[moved]).await?;
        if reservation == Reservation::Held && reservation_after == Reservation::Released {
            reservations::release_held(connection, &[id]).await?;
        }
        if status == IntentStatus::Refunded {
            record_refund(connection, id).await?;
        } else if intent.status == IntentStatus::Refunding.as_str() {
            // A refund that was under way has met an answer that a person must read.
            refunds::fail_if_requested(connection, id).await?;
        }
    }
    if let Some(kind) = consequence.case {
        review_cases::open_or_append(connection, id, kind.as_str(), &evidence(kind, asked)).await?;
    }
    if let Some(end) = consequence.case_end {
        let reason = "a later answer of the gateway decided it";
        review_cases::resolve_if_open(connection, id, end.as_str(), CaseEnd::RULE, reason).await?;
    }
    Ok(())
}

fn evidence(kind: CaseKind, asked: &Asked) -> Value {
    json!({ "kind": kind.as_str(), "outcome": asked.answer.outcome(), "answer": asked.raw_response })
}

/// An operator's decision stands until the gateway says something else: the very answer it was made on, and a
/// payment that was there when it was dismissed, are no news.
async fn was_decided_before(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    finding: Finding,
    consequence: Consequence,
    asked: &Asked,
) -> Result<bool, schema::Error> {
    let id = intent.payment_intent_id.as_str();
    if let Some(kind) = consequence.case {
        return review_cases::was_decided_by_operator(connection, id, &evidence(kind, asked)).await;
    }
    let is_failed = intent.status == IntentStatus::Failed.as_str();
    Ok(is_failed
        && finding == Finding::Matches
        && review_cases::payment_was_dismissed(connection, id).await?)
}

/// The gateway says that everything went back: what we asked for has succeeded, what nobody asked for is
/// recorded.
async fn record_refund(connection: &mut Connection, payment_intent_id: &str) -> Result<(), schema::Error> {
    refunds::succeed_if_requested(connection, payment_intent_id).await?;
    refunds::insert_seen_once(connection, payment_intent_id).await?;
    refunds::refund_order_if_confirmed(connection, payment_intent_id).await?;
    Ok(())
}

/// Reschedules the question that was asked, or completes it when nothing more is to be learnt.
async fn settle_question(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    status: IntentStatus,
    command: &RecordAnswer<'_>,
) -> Result<Option<Duration>, RecordAnswerError> {
    let Some(lease) = command.lease.filter(|_| command.source == Source::ScheduledQuestion) else {
        return Ok(None);
    };
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let has_moved = intent.status != status.as_str();
    let status_age = if has_moved { Duration::ZERO } else { seconds(intent.status_age_seconds) };
    let ages = Ages { intent: seconds(intent.age_seconds), status: status_age };
    let next = next_question_in(status, ages, &command.policy.first_ages);
    match next {
        Some(delay) => {
            queue::snooze(connection, lease, delay).await?;
        }
        None => {
            payment_intents::status::close_question_if_open(connection, &intent.payment_intent_id).await?;
            queue::complete(connection, &lease.worker_id, std::slice::from_ref(lease)).await?;
        }
    }
    Ok(next)
}
