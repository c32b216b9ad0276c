//! The refund's job: look, commit that it is sent, send, look again. Only what the lookup says is believed.
//!
//! The call leaves at most once for one refund: `sent_at` is committed before it, so whoever comes after a crash
//! or a time-out finds it and only looks. No connection is held while the gateway is asked.

use std::time::Duration;

use schema::{
    Connection, FromSchema, Pool,
    queries::{
        payment_intents::{self, status::Move},
        refunds::{self, RefundUnderWay},
        review_cases,
    },
    transaction,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::schedule::next_lookup_in;
use crate::{
    payments::{
        IntentUnderQuestion, QuestionPolicy, ask,
        gateway::{Answer, Asked, Gateway, RefundReply, RefundRequest},
        record_answer::{RecordAnswer, RecordAnswerError, Source, record_answer},
        status::{CaseKind, IntentStatus, Reservation, UnknownWord},
        verify::Questions,
    },
    queue::{self, Lease},
};

/// Characters of a gateway's reply that are kept; a CHECK bounds the column at 1000.
const REPLY_CHARS_MAX: usize = 500;

/// What one run of a `refund_payment` job did. Its job is settled, except where an error is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundRun {
    /// No refund is under way any more; the intent stands here.
    Ended(IntentStatus),
    /// The gateway has not said yet that the money went back; it is looked up again then.
    Waiting { next_lookup_in: Duration },
    /// Thirty days of lookups have shown nothing; its review case stays open.
    StoppedLooking,
    /// Somebody else holds the job.
    LeaseLost,
    /// Told to stop while the gateway was asked: the job is still held. A call that was cut short is never
    /// made again, only looked up.
    Stopped,
}

/// Why a refund's job could not run; running it again is safe.
#[derive(Debug, thiserror::Error)]
pub enum RefundPaymentError {
    #[error("there is no intent {0}")]
    UnknownIntent(String),
    #[error("the gateway {0} is not configured here; set its variables or start a worker that has them")]
    GatewayIsOff(String),
    /// Another worker holds the job now.
    #[error("the lease was lost")]
    LeaseLost,
    /// The worker stops; another will go on.
    #[error("told to stop while the gateway was asked")]
    Stopped,
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    #[error(transparent)]
    Record(#[from] RecordAnswerError),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

impl FromSchema for RefundPaymentError {
    fn schema_error(&self) -> Option<&schema::Error> {
        match self {
            Self::Schema(error) => Some(error),
            Self::Record(error) => error.schema_error(),
            Self::UnknownIntent(_)
            | Self::GatewayIsOff(_)
            | Self::LeaseLost
            | Self::Stopped
            | Self::UnknownWord(_) => None,
        }
    }
}

/// Runs one `refund_payment` job.
///
/// `stop` ends it only while the gateway is asked, never inside a transaction.
pub async fn refund_payment(
    questions: &Questions,
    payment_intent_id: &str,
    lease: &Lease,
    stop: &CancellationToken,
) -> Result<RefundRun, RefundPaymentError> {
    match run(questions, payment_intent_id, lease, stop).await {
        Err(RefundPaymentError::LeaseLost) => Ok(RefundRun::LeaseLost),
        Err(RefundPaymentError::Stopped) => Ok(RefundRun::Stopped),
        ended => ended,
    }
}

async fn run(
    questions: &Questions,
    payment_intent_id: &str,
    lease: &Lease,
    stop: &CancellationToken,
) -> Result<RefundRun, RefundPaymentError> {
    let Questions { pool, gateways, policy } = questions;
    let mut connection = pool.connection().await?;
    let intent = ask::look_up(&mut connection, payment_intent_id)
        .await?
        .ok_or_else(|| RefundPaymentError::UnknownIntent(payment_intent_id.to_owned()))?;
    let refund = refunds::under_way_of_intent(&mut connection, payment_intent_id).await?;
    drop(connection);

    if let Some(refund) = refund {
        let gateway = gateways
            .by_word(&intent.provider)
            .ok_or_else(|| RefundPaymentError::GatewayIsOff(intent.provider.clone()))?;
        let steps = Steps { pool, gateway, policy, intent: &intent, stop };
        steps.look_send_look(&refund, lease).await?;
    }
    settle(&mut *pool.connection().await?, &intent, policy, lease).await
}

struct Steps<'a> {
    pool: &'a Pool,
    gateway: &'a dyn Gateway,
    policy: &'a QuestionPolicy,
    intent: &'a IntentUnderQuestion,
    stop: &'a CancellationToken,
}

impl Steps<'_> {
    async fn look_send_look(&self, refund: &RefundUnderWay, lease: &Lease) -> Result<(), RefundPaymentError> {
        let (before, status) = self.look(lease).await?;
        let Some(transaction_id) = refund.gateway_transaction_id.clone() else { return Ok(()) };
        let is_still_ours = matches!(before, Answer::Paid { .. } | Answer::PartiallyRefunded { .. });
        if refund.is_sent || status != IntentStatus::Refunding || !is_still_ours {
            return Ok(());
        }
        if !commit_sent(&mut *self.pool.connection().await?, refund, lease).await? {
            return Ok(());
        }
        let request = RefundRequest {
            transaction_id,
            amount_minor: (!refund.is_whole).then_some(refund.amount_minor),
            mobile: None,
        };
        let reply = self.unless_stopped(self.gateway.refund(request)).await?;
        tracing::info!(payment_intent_id = %self.intent.payment_intent_id, ?reply, "the gateway was asked to refund");
        let (after, status) = self.look(lease).await?;
        if status != IntentStatus::Refunding {
            return Ok(());
        }
        let mut connection = self.pool.connection().await?;
        let words = in_words(&reply);
        match reply {
            RefundReply::Refused { .. } | RefundReply::NotOffered => {
                let evidence = json!({ "kind": CaseKind::RefundFailed.as_str(), "refund_id": refund.id,
                    "reply": words, "lookup": after.outcome() });
                fail(&mut connection, self.intent, refund.id, &words, &evidence, lease).await
            }
            RefundReply::Accepted | RefundReply::Unknown { .. } => {
                refunds::set_gateway_reply_if_requested(&mut connection, refund.id, &words).await?;
                Ok(())
            }
        }
    }

    /// Asks what became of the payment and records the answer, while the job is held: this is what ends a refund.
    async fn look(&self, lease: &Lease) -> Result<(Answer, IntentStatus), RefundPaymentError> {
        let mut connection = self.pool.connection().await?;
        ask::note_asked(&mut connection, &self.intent.payment_intent_id).await?;
        drop(connection);
        let asked = match ask::question_about(self.intent) {
            Some(question) => self.unless_stopped(ask::ask(self.gateway, question)).await?,
            None => never_started(),
        };
        let command = RecordAnswer {
            intent: self.intent,
            asked: &asked,
            source: Source::RefundLookup,
            policy: self.policy,
            lease: Some(lease),
        };
        match record_answer(&mut *self.pool.connection().await?, command).await {
            Ok(recorded) => Ok((asked.answer, recorded.status)),
            // What it heard may be older than what the job's next holder has done since.
            Err(RecordAnswerError::LeaseLost) => Err(RefundPaymentError::LeaseLost),
            Err(error) => Err(error.into()),
        }
    }

    async fn unless_stopped<T>(&self, call: impl Future<Output = T>) -> Result<T, RefundPaymentError> {
        self.stop.run_until_cancelled(call).await.ok_or(RefundPaymentError::Stopped)
    }
}

fn never_started() -> Asked {
    let reason = "the gateway has no session for this payment".to_owned();
    Asked { answer: Answer::Unknown { reason }, raw_response: json!({}) }
}

fn in_words(reply: &RefundReply) -> String {
    let words = match reply {
        RefundReply::Accepted => "accepted".to_owned(),
        RefundReply::Refused { reason } => format!("refused: {reason}"),
        RefundReply::Unknown { reason } => format!("unknown: {reason}"),
        RefundReply::NotOffered => "this gateway has no refund call".to_owned(),
    };
    words.chars().take(REPLY_CHARS_MAX).collect()
}

/// Commits that the refund is sent. `false`: it was before, or has ended, so it is not sent now.
async fn commit_sent(
    connection: &mut Connection,
    refund: &RefundUnderWay,
    lease: &Lease,
) -> Result<bool, RefundPaymentError> {
    transaction(connection, async |connection| {
        if !queue::lock_if_held(connection, lease).await? {
            return Err(RefundPaymentError::LeaseLost);
        }
        Ok(refunds::mark_sent_if_not_sent(connection, refund.id).await?)
    })
    .await
}

/// The gateway will not refund: a person must. Refund, intent and case change together.
async fn fail(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    refund_id: i64,
    reply: &str,
    evidence: &serde_json::Value,
    lease: &Lease,
) -> Result<(), RefundPaymentError> {
    let id = intent.payment_intent_id.as_str();
    transaction(connection, async |connection| {
        if !queue::lock_if_held(connection, lease).await? {
            return Err(RefundPaymentError::LeaseLost);
        }
        let intent = lock_intent(connection, id).await?;
        let is_under_way = refunds::set_gateway_reply_if_requested(connection, refund_id, reply).await?;
        if !is_under_way || intent.status.parse::<IntentStatus>()? != IntentStatus::Refunding {
            return Ok(());
        }
        refunds::fail_if_requested(connection, id).await?;
        let reservation: Reservation = intent.reservation.parse()?;
        let moved = Move {
            payment_intent_id: id,
            status: IntentStatus::UnderReview.as_str(),
            reservation: reservation.after_move_to(IntentStatus::UnderReview).as_str(),
            cause: "the gateway refused the refund",
        };
        payment_intents::status::move_locked(connection, &[moved]).await?;
        review_cases::open_or_append(connection, id, CaseKind::RefundFailed.as_str(), evidence).await?;
        Ok(())
    })
    .await
}

/// Ends the job or puts it off. A refund that was requested while this one ran is seen here, because whoever
/// requests one locks the job first.
async fn settle(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    policy: &QuestionPolicy,
    lease: &Lease,
) -> Result<RefundRun, RefundPaymentError> {
    let id = intent.payment_intent_id.as_str();
    transaction(connection, async |connection| {
        if !queue::lock_if_held(connection, lease).await? {
            return Err(RefundPaymentError::LeaseLost);
        }
        let intent = lock_intent(connection, id).await?;
        let Some(refund) = refunds::under_way_of_intent(connection, id).await? else {
            queue::complete(connection, &lease.worker_id, std::slice::from_ref(lease)).await?;
            return Ok(RefundRun::Ended(intent.status.parse()?));
        };
        let age = Duration::try_from_secs_f64(refund.age_seconds).unwrap_or_default();
        let next = next_lookup_in(age);
        if next.is_none() || age >= policy.give_up_age {
            let kind = CaseKind::RefundFailed.as_str();
            let evidence = json!({ "kind": kind, "refund_id": refund.id, "was_sent": refund.is_sent,
                "reply": "no lookup has shown the money back" });
            review_cases::open_or_append(connection, id, kind, &evidence).await?;
        }
        match next {
            Some(next_lookup_in) => {
                queue::snooze(connection, lease, next_lookup_in).await?;
                Ok(RefundRun::Waiting { next_lookup_in })
            }
            None => {
                queue::complete(connection, &lease.worker_id, std::slice::from_ref(lease)).await?;
                Ok(RefundRun::StoppedLooking)
            }
        }
    })
    .await
}

async fn lock_intent(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<IntentUnderQuestion, RefundPaymentError> {
    payment_intents::read::under_question_for_update(connection, payment_intent_id)
        .await?
        .ok_or_else(|| RefundPaymentError::UnknownIntent(payment_intent_id.to_owned()))
}
