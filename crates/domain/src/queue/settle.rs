use std::time::Duration;

use schema::{
    Connection, Error,
    queries::{leases, payment_intents, review_cases},
    transaction,
};
use serde_json::json;

use super::{Lease, WorkerId, backoff, lease::FenceBatch};

/// A handler's decision about one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing more to do.
    Done,
    /// Something that may pass went wrong.
    Retry { error: String },
    /// Not a failure: look again later. Costs no attempt.
    Snooze { delay: Duration },
    /// No attempt can succeed.
    GiveUp { reason: String },
}

/// How attempts are spaced.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    pub base: Duration,
}

/// What settling a job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    Completed,
    Retrying,
    Snoozed,
    Failed,
    /// Somebody else holds the job now; nothing was written.
    LeaseLost,
}

impl Settled {
    const fn or_lost(self, was_held: bool) -> Self {
        if was_held { self } else { Self::LeaseLost }
    }
}

/// Writes a handler's decision, if the lease still holds. `jitter` (0 to 1) spreads retries.
pub async fn settle(
    connection: &mut Connection,
    lease: &Lease,
    outcome: Outcome,
    policy: RetryPolicy,
    jitter: f64,
) -> Result<Settled, Error> {
    match outcome {
        Outcome::Done => {
            let completed = complete(connection, &lease.worker_id, std::slice::from_ref(lease)).await?;
            Ok(Settled::Completed.or_lost(completed.len() == 1))
        }
        Outcome::Snooze { delay } => snooze(connection, lease, delay).await,
        Outcome::GiveUp { reason } => give_up(connection, lease, &reason).await,
        Outcome::Retry { error } => {
            let delay = backoff::delay(lease.attempt, policy.base, jitter).as_secs_f64();
            if leases::retry_if_held_and_attempts_left(connection, lease.fence(), delay, &error).await? {
                return Ok(Settled::Retrying);
            }
            give_up(
                connection,
                lease,
                &format!("attempt {} of {}: {error}", lease.attempt, lease.max_attempts),
            )
            .await
        }
    }
}

/// Completes jobs in the caller's transaction and returns the ids that were still held.
pub async fn complete(
    connection: &mut Connection,
    worker_id: &WorkerId,
    done: &[Lease],
) -> Result<Vec<i64>, Error> {
    let batch = FenceBatch::of(worker_id, done);
    leases::complete_if_held(connection, batch.fences()).await
}

/// Reschedules a job in place.
pub async fn snooze(connection: &mut Connection, lease: &Lease, delay: Duration) -> Result<Settled, Error> {
    let was_held = leases::snooze_if_held(connection, lease.fence(), delay.as_secs_f64()).await?;
    Ok(Settled::Snoozed.or_lost(was_held))
}

/// Gives a job up for a person to look at. Where it carried money, a review case opens in the same transaction.
pub async fn give_up(connection: &mut Connection, lease: &Lease, reason: &str) -> Result<Settled, Error> {
    transaction(connection, async |connection| {
        if !leases::fail_if_held(connection, lease.fence(), reason).await? {
            return Ok(Settled::LeaseLost);
        }
        if let Some(id) = lease.payment_intent_id()
            && payment_intents::read::provider_of(connection, id).await?.is_some()
        {
            let evidence = json!({
                "kind": "job_failed", "job_id": lease.job_id, "job_type": lease.job_type, "error": reason,
            });
            review_cases::open_or_append(connection, id, "job_failed", &evidence).await?;
        }
        Ok(Settled::Failed)
    })
    .await
}
