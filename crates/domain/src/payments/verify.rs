//! The scheduled question: look, ask, record. The only use case that spans a network call, so it holds no
//! connection meanwhile.

use std::time::Duration;

use schema::{Connection, Pool, queries::payment_intents, transaction};
use tokio_util::sync::CancellationToken;

use super::{
    Gateways, IntentUnderQuestion, QuestionPolicy, ask,
    record_answer::{RecordAnswer, RecordAnswerError, Recorded, Source, record_answer},
    schedule::{Ages, next_question_in},
    status::{IntentStatus, UnknownWord},
};
use crate::queue::{self, Lease, Settled};

/// An intent without a session at its gateway is looked at again after this time.
const SESSION_PAUSE: Duration = Duration::from_secs(60);

/// What one run of a `verify_payment` job did. Its job is settled, except where an error is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// The gateway was asked and its answer recorded.
    Recorded { outcome: &'static str, recorded: Recorded },
    /// Nothing is due yet.
    NotDue,
    /// The shopper was never sent to the gateway: there is nothing to ask.
    NeverStarted,
    /// Somebody else holds the job.
    LeaseLost,
    /// Told to stop while the gateway was asked: nothing was recorded and the job is still held.
    Stopped,
}

/// Why a question was not asked or its answer not recorded.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("there is no intent {0}")]
    UnknownIntent(String),
    #[error("the gateway {0} is not configured here; set its variables or start a worker that has them")]
    GatewayIsOff(String),
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    #[error(transparent)]
    Record(#[from] RecordAnswerError),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

/// What questions are asked with.
#[derive(Debug, Clone)]
pub struct Questions {
    pub pool: Pool,
    pub gateways: Gateways,
    pub policy: QuestionPolicy,
}

/// Runs one `verify_payment` job: asks the gateway and records what it says.
///
/// `stop` ends it only while the gateway is asked: never inside a transaction, and not after an answer.
pub async fn verify(
    questions: &Questions,
    payment_intent_id: &str,
    lease: &Lease,
    stop: &CancellationToken,
) -> Result<Verified, VerifyError> {
    let Questions { pool, gateways, policy } = questions;
    let mut connection = pool.connection().await?;
    let intent = ask::look_up(&mut connection, payment_intent_id)
        .await?
        .ok_or_else(|| VerifyError::UnknownIntent(payment_intent_id.to_owned()))?;
    let status: IntentStatus = intent.status.parse()?;
    let Some(question) = ask::question_about(&intent) else {
        return Ok(settle_never_started(&mut connection, &intent, status, lease).await?);
    };
    if let Some(delay) = not_due_for(&intent, status, policy) {
        return Ok(Verified::NotDue.unless_lost(queue::snooze(&mut connection, lease, delay).await?));
    }
    let gateway = gateways
        .by_word(&intent.provider)
        .ok_or_else(|| VerifyError::GatewayIsOff(intent.provider.clone()))?;
    ask::note_asked(&mut connection, payment_intent_id).await?;
    drop(connection);

    let Some(asked) = stop.run_until_cancelled(ask::ask(gateway, question)).await else {
        return Ok(Verified::Stopped);
    };

    let mut connection = pool.connection().await?;
    let command = RecordAnswer {
        intent: &intent,
        asked: &asked,
        source: Source::ScheduledQuestion,
        policy,
        lease: Some(lease),
    };
    match record_answer(&mut connection, command).await {
        Ok(recorded) => Ok(Verified::Recorded { outcome: asked.answer.outcome(), recorded }),
        Err(RecordAnswerError::LeaseLost) => Ok(Verified::LeaseLost),
        Err(error) => Err(error.into()),
    }
}

impl Verified {
    fn unless_lost(self, settled: Settled) -> Self {
        if settled == Settled::LeaseLost { Self::LeaseLost } else { self }
    }
}

/// An order's payment is not asked about before its first day has passed.
fn not_due_for(
    intent: &IntentUnderQuestion,
    status: IntentStatus,
    policy: &QuestionPolicy,
) -> Option<Duration> {
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let ages = Ages { intent: seconds(intent.age_seconds), status: seconds(intent.status_age_seconds) };
    let is_new_order = status == IntentStatus::Completed && ages.status < Duration::from_secs(24 * 3600);
    if is_new_order { next_question_in(status, ages, &policy.first_ages) } else { None }
}

/// A payment without a session was never shown to the shopper: while it may still get one, wait; else there
/// is nothing to ask, ever.
async fn settle_never_started(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    status: IntentStatus,
    lease: &Lease,
) -> Result<Verified, schema::Error> {
    if status == IntentStatus::Created {
        return Ok(Verified::NotDue.unless_lost(queue::snooze(connection, lease, SESSION_PAUSE).await?));
    }
    transaction(connection, async |connection| {
        let completed = queue::complete(connection, &lease.worker_id, std::slice::from_ref(lease)).await?;
        if completed.is_empty() {
            return Ok(Verified::LeaseLost);
        }
        payment_intents::status::close_question_if_open(connection, &intent.payment_intent_id).await?;
        Ok(Verified::NeverStarted)
    })
    .await
}
