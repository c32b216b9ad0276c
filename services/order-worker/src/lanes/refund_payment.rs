//! Refunds: asked for once at their gateway, then looked up until the money is back.

use std::sync::Arc;

use domain::{
    jobs::RefundPayment,
    payments::verify::Questions,
    queue::{Line, Outcome},
    refunds::{RefundPaymentError, RefundRun, refund_payment},
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

/// Refunds are rare; what is left of the gateways' patience belongs to questions.
const SLOTS: u32 = 4;

/// Runs the refunds that are due, until the worker stops.
pub(crate) async fn run(context: Arc<Context>, questions: Arc<Questions>, pulse: Pulse) {
    let bell = &context.wake_ups.refund_payment;
    let lane = Lane { line: Line::of::<RefundPayment>(), bell, slots: SLOTS, pulse };
    run_in_slots(&context, lane, |held| refund(Arc::clone(&context), Arc::clone(&questions), held)).await;
}

async fn refund(context: Arc<Context>, questions: Arc<Questions>, held: Held) {
    let span = span_of(&held.lease);
    async {
        let job: RefundPayment = match held.lease.read() {
            Ok(job) => job,
            Err(error) => {
                let reason = format!("the payload cannot be read: {error}");
                return settling::settle(&context, &held, Outcome::GiveUp { reason }).await;
            }
        };
        let refund = refund_payment(&questions, &job.payment_intent_id, &held.lease, &held.stop);
        match catch_panic(refund).await {
            Ok(Ok(run)) => conclude(&context, held, &job.payment_intent_id, run).await,
            Ok(Err(error)) => settling::settle(&context, &held, outcome_of(&error)).await,
            Err(error) => settling::settle(&context, &held, Outcome::Retry { error }).await,
        }
    }
    .instrument(span)
    .await;
}

async fn conclude(context: &Context, held: Held, payment_intent_id: &str, run: RefundRun) {
    let ending = match run {
        RefundRun::Ended(status) => {
            tracing::info!(status = status.as_str(), "no refund is under way any more");
            context.waker.intent_changed(payment_intent_id);
            Ending::Completed
        }
        RefundRun::Waiting { .. } => Ending::Snoozed,
        RefundRun::StoppedLooking => {
            tracing::warn!("no lookup has shown the money back; its review case stays open");
            Ending::Completed
        }
        RefundRun::LeaseLost => {
            tracing::warn!("the lease was lost");
            Ending::LeaseLost
        }
        // Whatever was sent is committed as sent, so another attempt only looks.
        RefundRun::Stopped => return settling::return_unstarted(context, vec![held]).await,
    };
    context.metrics.ended(&held, ending);
}

fn outcome_of(error: &RefundPaymentError) -> Outcome {
    match error {
        RefundPaymentError::UnknownIntent(_) => Outcome::GiveUp { reason: error.to_string() },
        RefundPaymentError::GatewayIsOff(_)
        | RefundPaymentError::LeaseLost
        | RefundPaymentError::Stopped
        | RefundPaymentError::UnknownWord(_)
        | RefundPaymentError::Record(_)
        | RefundPaymentError::Schema(_) => Outcome::Retry { error: error.to_string() },
    }
}
