//! One answer, one transaction: evidence, verification, status, stock, case, order owed, next question.

use std::time::Duration;

use schema::{
    Connection, FromSchema,
    queries::{leases, payment_intents, reservations, review_cases, verifications},
    transaction,
};
use serde_json::json;

use super::{
    IntentUnderQuestion, QuestionPolicy,
    gateway::{Answer, Asked},
    schedule::{Ages, next_question_in},
    status::{CaseKind, IntentStatus, Reservation, UnknownWord},
    transitions::{Consequence, Finding, consequence, may_become_verified},
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
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::ScheduledQuestion => "scheduled_question",
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
    /// The job that asked; it is settled in the same transaction, and its loss refuses the answer.
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
        lock_job_if_held(connection, lease).await?;
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
        let consequence = consequence(status_before, finding, open_case);
        apply(connection, &intent, consequence, asked).await?;
        let status = consequence.status.unwrap_or(status_before);
        let next_question_in = settle_question(connection, &intent, status, &command).await?;
        Ok(Recorded {
            finding,
            status_before,
            status,
            order_is_owed: order_may_be_owed && status == IntentStatus::Verified,
            next_question_in,
        })
    })
    .await
}

async fn lock_job_if_held(
    connection: &mut Connection,
    lease: Option<&Lease>,
) -> Result<(), RecordAnswerError> {
    let Some(lease) = lease else { return Ok(()) };
    let (ids, lease_nos) = ([lease.job_id], [lease.lease_no]);
    let fences = leases::Fences { worker_id: lease.worker_id.as_str(), ids: &ids, lease_nos: &lease_nos };
    match leases::lock_held_for_update(connection, fences).await?.as_slice() {
        [] => Err(RecordAnswerError::LeaseLost),
        _ => Ok(()),
    }
}

/// The order's job is a lock on the queue and comes before the intent's, so it is owed on what was read
/// before; a job that turns out to have nothing to do is done at once.
fn may_verify(intent: &IntentUnderQuestion, answer: &Answer) -> Result<bool, UnknownWord> {
    let status: IntentStatus = intent.status.parse()?;
    let pays = matches!(answer, Answer::Paid { transaction_id: Some(_), amount_minor, .. }
        if *amount_minor == intent.amount_minor);
    Ok(pays && may_become_verified(status))
}

/// Compares the answer with what is stored, and records the gateway transaction it names.
async fn find(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    command: &RecordAnswer<'_>,
) -> Result<Finding, schema::Error> {
    let id = intent.payment_intent_id.as_str();
    let is_not_found = command.asked.answer == Answer::NotFound;
    let not_found_answers = if is_not_found { intent.not_found_answers.saturating_add(1) } else { 0 };
    if not_found_answers != intent.not_found_answers {
        payment_intents::status::set_not_found_answers(connection, id, not_found_answers).await?;
    }
    let undecided = if intent.age_seconds >= command.policy.give_up_age.as_secs_f64() {
        Finding::UndecidedPastGiveUp
    } else {
        Finding::Undecided
    };
    Ok(match &command.asked.answer {
        Answer::Paid { transaction_id, amount_minor, .. } => {
            let transaction = Transaction {
                id: transaction_id.as_deref(),
                status: "completed",
                amount_minor: *amount_minor,
            };
            record_transaction(connection, intent, command, transaction).await?.unwrap_or(Finding::Matches)
        }
        Answer::PartiallyRefunded { transaction_id, amount_minor } => {
            let transaction = Transaction {
                id: transaction_id.as_deref(),
                status: "partially_refunded",
                amount_minor: *amount_minor,
            };
            let odd = record_transaction(connection, intent, command, transaction).await?;
            odd.unwrap_or(Finding::Odd(CaseKind::PartialRefund))
        }
        Answer::Refunded { transaction_id, amount_minor } => {
            if transaction_id.is_some() {
                let transaction = Transaction {
                    id: transaction_id.as_deref(),
                    status: "refunded",
                    amount_minor: *amount_minor,
                };
                if let Some(odd) = record_transaction(connection, intent, command, transaction).await?
                    && odd == Finding::Odd(CaseKind::TransactionReused)
                {
                    return Ok(odd);
                }
            }
            Finding::RefundSeen
        }
        Answer::Unpaid { .. } => Finding::Unpaid,
        Answer::NotFound => {
            let is_past_grace = intent.age_seconds >= command.policy.not_found_grace.as_secs_f64();
            if is_past_grace && not_found_answers >= 2 { Finding::Unpaid } else { undecided }
        }
        Answer::UnheardOf { .. } => Finding::Odd(CaseKind::UnknownStatus),
        Answer::Undecided { .. } | Answer::Unknown { .. } => undecided,
    })
}

struct Transaction<'a> {
    id: Option<&'a str>,
    status: &'a str,
    amount_minor: i64,
}

/// Records a gateway transaction; `Some` says what is odd about it.
async fn record_transaction(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    command: &RecordAnswer<'_>,
    transaction: Transaction<'_>,
) -> Result<Option<Finding>, schema::Error> {
    let id = intent.payment_intent_id.as_str();
    let Some(gateway_transaction_id) = transaction.id else {
        return Ok(Some(Finding::Odd(CaseKind::UnknownStatus)));
    };
    let verification = verifications::NewVerification {
        payment_intent_id: id,
        provider: &intent.provider,
        gateway_transaction_id,
        status: transaction.status,
        amount_minor: transaction.amount_minor,
        raw_response: &command.asked.raw_response,
        source: command.source.as_str(),
    };
    let (used_by, recorded_minor) = verifications::record_once(connection, verification).await?;
    if used_by != id {
        return Ok(Some(Finding::Odd(CaseKind::TransactionReused)));
    }
    if transaction.amount_minor != intent.amount_minor || recorded_minor != intent.amount_minor {
        return Ok(Some(Finding::Odd(CaseKind::AmountMismatch)));
    }
    if verifications::count_of_intent(connection, id).await? > 1 {
        return Ok(Some(Finding::Odd(CaseKind::SecondPayment)));
    }
    Ok(None)
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
            record_refund(connection, intent).await?;
        }
    }
    if let Some(kind) = consequence.case {
        let evidence =
            json!({ "kind": kind.as_str(), "outcome": asked.answer.outcome(), "answer": asked.raw_response });
        review_cases::open_or_append(connection, id, kind.as_str(), &evidence).await?;
    }
    if let Some(end) = consequence.case_end {
        let reason = "a later answer of the gateway decided it";
        review_cases::resolve_if_open(connection, id, end.as_str(), "status table", reason).await?;
    }
    Ok(())
}

/// The gateway says that everything went back: what we asked for has succeeded, what nobody asked for is
/// recorded.
async fn record_refund(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
) -> Result<(), schema::Error> {
    let id = intent.payment_intent_id.as_str();
    verifications::succeed_refunds_if_requested(connection, id).await?;
    let unasked_minor = intent.amount_minor - intent.refunded_minor;
    if unasked_minor > 0 {
        verifications::insert_refund_seen_once(connection, id, unasked_minor).await?;
    }
    verifications::refund_order_if_confirmed(connection, id).await?;
    Ok(())
}

/// Reschedules the job that asked, or completes it when nothing more is to be learnt.
async fn settle_question(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    status: IntentStatus,
    command: &RecordAnswer<'_>,
) -> Result<Option<Duration>, RecordAnswerError> {
    let Some(lease) = command.lease else { return Ok(None) };
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
