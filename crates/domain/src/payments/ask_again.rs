use std::time::Duration;

use schema::{
    Connection, FromSchema,
    queries::{audit_log, job_control, job_control::LockedJob, payment_intents, payment_list},
    transaction,
};
use serde_json::{Value, json};

use super::{
    ask::QUESTION_DISTANCE,
    status::{IntentStatus, UnknownWord},
};
use crate::{
    jobs::{Job, VerifyPayment},
    operators::{ByHand, Unaccountable},
    queue::{self, Enqueue},
    text::can_be_stored,
};

/// What became of an operator's question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedAgain {
    /// The next question was brought forward to now.
    BroughtForward,
    /// There was no further question; now there is one.
    Enqueued,
    /// It is due already, or being asked at this moment: nothing was changed.
    AlreadyDue,
}

/// Why the gateway is not asked; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AskAgainError {
    #[error("there is no intent {0}")]
    UnknownIntent(String),
    #[error(transparent)]
    Unaccountable(#[from] Unaccountable),
    #[error(
        "two questions about one payment are at least two seconds apart, and it was asked about just now"
    )]
    AskedJustNow,
    #[error("there is nothing to ask: the shopper was never sent to the gateway")]
    NeverStarted,
    #[error("an order's payment is asked about again a day after the order was made, not before")]
    OrderIsNew,
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    #[error(transparent)]
    Schema(#[from] schema::Error),
}

impl FromSchema for AskAgainError {
    fn schema_error(&self) -> Option<&schema::Error> {
        if let Self::Schema(error) = self { Some(error) } else { None }
    }
}

/// Has the gateway asked about a payment now instead of when the schedule would: the worker asks, as always.
pub async fn ask_again(
    connection: &mut Connection,
    payment_intent_id: &str,
    by: ByHand<'_>,
    job_attempts_max: i32,
) -> Result<AskedAgain, AskAgainError> {
    by.check()?;
    if !can_be_stored(payment_intent_id) {
        return Err(AskAgainError::UnknownIntent(payment_intent_id.to_owned()));
    }
    let job = VerifyPayment { payment_intent_id: payment_intent_id.to_owned() };
    transaction(connection, async |connection| {
        // The job's lock comes first.
        let live = job_control::live_of_key_for_update(connection, &job.idempotency_key()).await?;
        check(connection, payment_intent_id).await?;
        let asked = match &live {
            Some(live) if live.status == "processing" || live.is_due => return Ok(AskedAgain::AlreadyDue),
            Some(live) => {
                job_control::bring_forward_if_pending_and_unclaimed(connection, live.id, live.lease_no)
                    .await?;
                AskedAgain::BroughtForward
            }
            None => {
                let due_now = Enqueue { run_in: Duration::ZERO, max_attempts: job_attempts_max };
                queue::enqueue(connection, &job, due_now).await?;
                AskedAgain::Enqueued
            }
        };
        audit(connection, payment_intent_id, by, live.as_ref()).await?;
        Ok(asked)
    })
    .await
}

async fn check(connection: &mut Connection, payment_intent_id: &str) -> Result<(), AskAgainError> {
    let intent = payment_intents::read::under_question(connection, payment_intent_id)
        .await?
        .ok_or_else(|| AskAgainError::UnknownIntent(payment_intent_id.to_owned()))?;
    let status: IntentStatus = intent.status.parse()?;
    if intent.gateway_reference.is_none() {
        return Err(AskAgainError::NeverStarted);
    }
    let first_day = Duration::from_secs(24 * 3600).as_secs_f64();
    if status == IntentStatus::Completed && intent.status_age_seconds < first_day {
        return Err(AskAgainError::OrderIsNew);
    }
    let distance = QUESTION_DISTANCE.as_secs_f64();
    if payment_list::was_asked_within(connection, payment_intent_id, distance).await? {
        return Err(AskAgainError::AskedJustNow);
    }
    Ok(())
}

async fn audit(
    connection: &mut Connection,
    payment_intent_id: &str,
    by: ByHand<'_>,
    live: Option<&LockedJob>,
) -> Result<(), schema::Error> {
    let before = live.map_or(Value::Null, |live| live.state.clone());
    let entry = audit_log::NewEntry {
        operator: by.operator,
        action: "payment_asked_again",
        subject: payment_intent_id,
        reason: by.reason,
        before: &json!({ "question": before }),
        after: &json!({ "question": "due now" }),
    };
    audit_log::insert(connection, entry).await
}
