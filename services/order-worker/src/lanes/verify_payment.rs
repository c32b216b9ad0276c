//! Questions: each waits for its gateway in a slot of its own, and holds no connection meanwhile.

use std::sync::Arc;

use domain::{
    jobs::{FinalizeOrder, Job, VerifyPayment},
    payments::{
        record_answer::RecordAnswerError,
        verify::{Questions, Verified, VerifyError, verify},
    },
    queue::{Line, Outcome},
};
use tracing::Instrument;

use crate::{
    attempt::{catch_panic, span_of},
    context::Context,
    held::Held,
    lanes::slots::{Lane, run_in_slots},
    metrics::Ending,
    pulse::Pulse,
    settling,
};

/// Asks what is due, each question in a slot of its own, until the worker stops.
pub(crate) async fn run(context: Arc<Context>, questions: Arc<Questions>, slots: u32, pulse: Pulse) {
    let bell = &context.wake_ups.verify_payment;
    let lane = Lane { line: Line::of::<VerifyPayment>(), bell, slots, pulse };
    run_in_slots(&context, lane, |held| ask(Arc::clone(&context), Arc::clone(&questions), held)).await;
}

async fn ask(context: Arc<Context>, questions: Arc<Questions>, held: Held) {
    let span = span_of(&held.lease);
    async {
        let job: VerifyPayment = match held.lease.read() {
            Ok(job) => job,
            Err(error) => {
                let reason = format!("the payload cannot be read: {error}");
                return settling::settle(&context, &held, Outcome::GiveUp { reason }).await;
            }
        };
        let question = verify(&questions, &job.payment_intent_id, &held.lease, &held.stop);
        match catch_panic(question).await {
            Ok(Ok(verified)) => conclude(&context, held, &job.payment_intent_id, verified).await,
            Ok(Err(error)) => settling::settle(&context, &held, outcome_of(&error)).await,
            Err(error) => settling::settle(&context, &held, Outcome::Retry { error }).await,
        }
    }
    .instrument(span)
    .await;
}

async fn conclude(context: &Context, held: Held, payment_intent_id: &str, verified: Verified) {
    let ending = match verified {
        Verified::Recorded { outcome, recorded } => {
            tracing::info!(outcome, status = recorded.status.as_str(), "the gateway answered");
            if recorded.has_moved() {
                context.waker.intent_changed(payment_intent_id);
            }
            if let Some(after) = recorded.verified_after {
                context.metrics.verified(after);
            }
            if recorded.order_is_owed {
                context.wake_ups.finalize_order.notify_one();
                context.waker.job_of_type_enqueued(FinalizeOrder::JOB_TYPE);
            }
            if recorded.next_question_in.is_some() { Ending::Snoozed } else { Ending::Completed }
        }
        Verified::NotDue => Ending::Snoozed,
        Verified::NeverStarted => Ending::Completed,
        Verified::LeaseLost => {
            tracing::warn!("the lease was lost; the answer is dropped");
            Ending::LeaseLost
        }
        // Nothing was written, so the attempt can be given back; where the lease is lost that changes nothing.
        Verified::Stopped => return settling::return_unstarted(context, vec![held]).await,
    };
    context.metrics.ended(&held, ending);
}

fn outcome_of(error: &VerifyError) -> Outcome {
    match error {
        VerifyError::UnknownIntent(_) | VerifyError::Record(RecordAnswerError::IntentGone) => {
            Outcome::GiveUp { reason: error.to_string() }
        }
        // A word that this build does not know may be known to the next; a gateway may be switched on.
        VerifyError::UnknownWord(_)
        | VerifyError::GatewayIsOff(_)
        | VerifyError::Record(
            RecordAnswerError::UnknownWord(_) | RecordAnswerError::Schema(_) | RecordAnswerError::LeaseLost,
        )
        | VerifyError::Schema(_) => Outcome::Retry { error: error.to_string() },
    }
}
