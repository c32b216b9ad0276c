use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use schema::{Connection, Pool, PooledConnection, queries::callbacks};
use tokio::time::timeout;
use tracing::Instrument;

use super::{Callback, Judge, Named, StoringLimit, Verdict, span::span_of};
use crate::{
    client_status::{self, PaymentStatus},
    jobs::{FinalizeOrder, Job, VerifyPayment},
    payments::{
        Gateways, IntentUnderQuestion, QuestionPolicy, VerifiedAfter,
        ask::{self, QUESTION_DISTANCE},
        gateway::{Answer, Asked, Gateway, Provider, Question},
        record_answer::{RecordAnswer, RecordAnswerError, Recorded, Source, record_answer},
        status::{IntentStatus, UnknownWord},
        transitions::may_become_verified,
    },
    queue::{self, Enqueue, Waker},
    text::can_be_stored,
};

/// Longer names name nothing that exists.
const NAME_BYTES_MAX: usize = 255;
/// A question that takes longer is told to followers while it is under way.
const TOLD_AFTER: Duration = Duration::from_millis(50);
/// What is kept of the reason for which a callback is invalid.
const REASON_CHARS_MAX: usize = 500;

/// What callbacks are received with.
#[derive(Debug, Clone)]
pub struct Reception {
    pub pool: Pool,
    pub gateways: Gateways,
    pub policy: QuestionPolicy,
    pub waker: Waker,
    /// How long the shopper waits for the gateway's answer before the question goes to the queue.
    pub patience: Duration,
    pub storing_limit: Arc<StoringLimit>,
}

/// A callback that was stored and that nothing contradicts.
#[derive(Debug, Clone)]
pub struct Received {
    pub intent: IntentUnderQuestion,
    pub verdict: Verdict,
    pub question: QuestionOutcome,
    /// Where the payment stands after all this.
    pub status: PaymentStatus,
}

/// What became of the question that a callback starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionOutcome {
    /// The gateway was asked and its answer recorded.
    Asked { outcome: &'static str, verified_after: Option<VerifiedAfter> },
    /// Somebody asked less than two seconds ago; the queue asks again when two are over.
    JustAsked,
    /// The gateway is off here: the queue asks.
    LeftToQueue,
    /// The shopper was never sent to the gateway: there is nothing to ask.
    NeverStarted,
}

/// Why a callback started nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    #[error("there is no such intent")]
    UnknownIntent,
    /// Not stored: its intent has had too many.
    #[error("too many callbacks of this intent")]
    TooMany { retry_after: Duration },
    /// Stored; nothing else was changed.
    #[error("the callback is invalid: {reason}")]
    Invalid { payment_intent_id: String, reason: String },
    #[error(transparent)]
    Record(#[from] RecordAnswerError),
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

/// Stores a callback, asks its gateway, records the answer.
///
/// No connection is held while the gateway is asked, and only that call is bounded by time: transactions always run
/// to their end. Whoever may lose interest halfway (a browser does) runs this in a task of its own.
pub async fn receive(
    reception: &Reception,
    callback: Callback,
    judge: Judge,
) -> Result<Received, ReceiveError> {
    let mut connection = reception.pool.connection().await?;
    let intent = find(&mut connection, &callback).await?.ok_or(ReceiveError::UnknownIntent)?;
    let span = span_of(&mut connection, &intent.payment_intent_id).await?;
    receive_for(reception, connection, intent, callback, judge).instrument(span).await
}

async fn receive_for(
    reception: &Reception,
    mut connection: PooledConnection,
    intent: IntentUnderQuestion,
    callback: Callback,
    judge: Judge,
) -> Result<Received, ReceiveError> {
    let id = intent.payment_intent_id.as_str();
    let limited = reception.storing_limit.admit(id, Instant::now());
    limited.map_err(|retry_after| ReceiveError::TooMany { retry_after })?;
    let verdict = store(&mut connection, &callback, &intent, judge(&intent)).await?;
    if let Verdict::Invalid { reason } = verdict {
        return Err(ReceiveError::Invalid { payment_intent_id: intent.payment_intent_id, reason });
    }
    let asking = start_question(reception, connection, &intent, callback.provider);
    let (question, mut connection) = tell_followers_of(reception, id, asking).await?;
    let status = client_status::get(&mut connection, id).await?.ok_or(ReceiveError::UnknownIntent)?;
    Ok(Received { intent, verdict, question, status })
}

/// Waits for the question's end and tells followers of it. Where it takes long they are told before that it is under way;
/// where it does not, one wake-up says both.
async fn tell_followers_of<T>(
    reception: &Reception,
    payment_intent_id: &str,
    asking: impl Future<Output = T>,
) -> T {
    let mut asking = pin!(asking);
    // Only the wait for it is bounded: what is asked is never dropped halfway.
    let asked = match timeout(TOLD_AFTER, &mut asking).await {
        Ok(asked) => asked,
        Err(_elapsed) => {
            reception.waker.intent_changed(payment_intent_id);
            asking.await
        }
    };
    reception.waker.intent_changed(payment_intent_id);
    asked
}

/// The intent a callback names, if it is the named gateway's.
async fn find(
    connection: &mut Connection,
    callback: &Callback,
) -> Result<Option<IntentUnderQuestion>, schema::Error> {
    let (Named::Intent(name) | Named::Reference(name)) = &callback.named;
    if !(1..=NAME_BYTES_MAX).contains(&name.len()) || !can_be_stored(name) {
        return Ok(None);
    }
    let found = match &callback.named {
        Named::Intent(id) => ask::look_up(connection, id).await?,
        Named::Reference(reference) => {
            ask::look_up_by_reference(connection, callback.provider, reference).await?
        }
    };
    Ok(found.filter(|intent| intent.provider == callback.provider.as_str()))
}

/// Stores the callback, whatever it is worth. More than is kept cannot be judged, and no gateway sends it.
async fn store(
    connection: &mut Connection,
    callback: &Callback,
    intent: &IntentUnderQuestion,
    verdict: Verdict,
) -> Result<Verdict, schema::Error> {
    let verdict = match verdict {
        _ if callback.raw_payload.is_truncated() => Verdict::Invalid { reason: "it is too long".to_owned() },
        Verdict::Invalid { reason } => Verdict::Invalid { reason: one_line(&reason) },
        verdict @ (Verdict::Accepted | Verdict::Incomplete) => verdict,
    };
    let reason = match &verdict {
        Verdict::Invalid { reason } => Some(reason.as_str()),
        Verdict::Accepted | Verdict::Incomplete => None,
    };
    let new = callbacks::NewCallback {
        payment_intent_id: &intent.payment_intent_id,
        provider: callback.provider.as_str(),
        kind: callback.kind.as_str(),
        verdict: verdict.as_str(),
        reason,
        raw_payload: callback.raw_payload.as_str(),
        is_truncated: callback.raw_payload.is_truncated(),
    };
    callbacks::insert(connection, new).await?;
    Ok(verdict)
}

/// A reason may quote what was sent.
fn one_line(reason: &str) -> String {
    reason.chars().filter(|letter| !letter.is_control()).take(REASON_CHARS_MAX).collect()
}

/// Puts the question where it is answered soonest: to the gateway, or to the queue. Gives the connection back while
/// the gateway thinks.
async fn start_question(
    reception: &Reception,
    mut connection: PooledConnection,
    intent: &IntentUnderQuestion,
    provider: Provider,
) -> Result<(QuestionOutcome, PooledConnection), ReceiveError> {
    let id = intent.payment_intent_id.as_str();
    let Some(question) = ask::question_about(intent) else {
        return Ok((QuestionOutcome::NeverStarted, connection));
    };
    let Some(gateway) = reception.gateways.get(provider) else {
        owe_question(reception, &mut connection, id, Duration::ZERO).await?;
        return Ok((QuestionOutcome::LeftToQueue, connection));
    };
    if !ask::may_ask_now(&mut connection, id).await? {
        owe_if_unsettled(reception, &mut connection, intent).await?;
        return Ok((QuestionOutcome::JustAsked, connection));
    }
    drop(connection);
    let asked = ask_within(gateway, question, reception.patience).await;
    let mut connection = reception.pool.connection().await?;
    let outcome = record(reception, &mut connection, intent, asked).await?;
    Ok((outcome, connection))
}

/// Asks, and takes silence for an answer that nobody knows.
async fn ask_within(gateway: &dyn Gateway, question: Question, patience: Duration) -> Asked {
    timeout(patience, ask::ask(gateway, question)).await.unwrap_or_else(|_elapsed| Asked {
        answer: Answer::Unknown { reason: "no answer while the shopper waited".to_owned() },
        raw_response: serde_json::json!({ "text": "" }),
    })
}

/// Records the answer; where it is none, the queue asks again at once.
async fn record(
    reception: &Reception,
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    asked: Asked,
) -> Result<QuestionOutcome, ReceiveError> {
    let command = RecordAnswer {
        intent,
        asked: &asked,
        source: Source::Callback,
        policy: &reception.policy,
        lease: None,
    };
    let recorded: Recorded = record_answer(connection, command).await?;
    if recorded.order_is_owed {
        reception.waker.job_of_type_enqueued(FinalizeOrder::JOB_TYPE);
    }
    if matches!(asked.answer, Answer::Unknown { .. }) {
        owe_question(reception, connection, &intent.payment_intent_id, Duration::ZERO).await?;
    }
    Ok(QuestionOutcome::Asked { outcome: asked.answer.outcome(), verified_after: recorded.verified_after })
}

/// A callback that comes right after a question may know of a payment which that question missed.
async fn owe_if_unsettled(
    reception: &Reception,
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
) -> Result<(), ReceiveError> {
    let status: IntentStatus = intent.status.parse()?;
    if may_become_verified(status) {
        owe_question(reception, connection, &intent.payment_intent_id, QUESTION_DISTANCE).await?;
    }
    Ok(())
}

/// Brings the intent's question forward, or owes it anew where it was closed.
async fn owe_question(
    reception: &Reception,
    connection: &mut Connection,
    payment_intent_id: &str,
    run_in: Duration,
) -> Result<(), schema::Error> {
    let question = VerifyPayment { payment_intent_id: payment_intent_id.to_owned() };
    let due = Enqueue { run_in, max_attempts: reception.policy.job_attempts_max };
    queue::enqueue(connection, &question, due).await?;
    if run_in.is_zero() {
        reception.waker.job_of_type_enqueued(VerifyPayment::JOB_TYPE);
    }
    Ok(())
}
