use std::time::Duration;

use domain::{
    Connection, Error,
    intents::owe_missing_jobs,
    jobs::{FinalizeOrder, Job, RefundPayment, VerifyPayment},
    notifications::Channel,
};

use super::{Context, wake};
use crate::swept::Swept;

/// Intents that changed less than this ago are left alone: whoever changed them may be about to owe their job.
const GRACE: Duration = Duration::from_secs(30);

pub(super) async fn page(
    connection: &mut Connection,
    context: &Context,
    swept: &mut Swept,
) -> Result<bool, Error> {
    let owed = owe_missing_jobs(connection, GRACE, context.job_attempts_max).await?;
    for payment_intent_id in &owed.questions {
        tracing::warn!(payment_intent_id, job_type = VerifyPayment::JOB_TYPE, "a missing job is owed again");
    }
    for payment_intent_id in &owed.orders {
        tracing::warn!(payment_intent_id, job_type = FinalizeOrder::JOB_TYPE, "a missing job is owed again");
    }
    for payment_intent_id in &owed.refunds {
        tracing::warn!(payment_intent_id, job_type = RefundPayment::JOB_TYPE, "a missing job is owed again");
    }
    context.metrics.owed(VerifyPayment::JOB_TYPE, owed.questions.len());
    context.metrics.owed(FinalizeOrder::JOB_TYPE, owed.orders.len());
    context.metrics.owed(RefundPayment::JOB_TYPE, owed.refunds.len());
    if !(owed.questions.is_empty() && owed.orders.is_empty() && owed.refunds.is_empty()) {
        wake(connection, Channel::JobQueue).await;
    }
    swept.questions_owed += owed.questions.len();
    swept.orders_owed += owed.orders.len();
    swept.refunds_owed += owed.refunds.len();
    // A thousand of each is a disaster's size; the next turn goes on.
    Ok(false)
}
