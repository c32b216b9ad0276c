use std::time::Duration;

use schema::{Connection, Error, queries::intent_sweeps};

/// Jobs enqueued in one sweep, of each kind.
const OWED_MAX: i64 = 1000;

/// Intents for which a missing job was enqueued.
#[derive(Debug, Clone, Default)]
pub struct Owed {
    pub questions: Vec<String>,
    pub orders: Vec<String>,
    pub refunds: Vec<String>,
}

/// Enqueues what should be there and is not: the question of every intent whose question is open, the order
/// of every verified one, the job of every refund under way. Leaves alone intents younger than `grace`, with an open case, or with a failed job.
pub async fn owe_missing_jobs(
    connection: &mut Connection,
    grace: Duration,
    job_attempts_max: i32,
) -> Result<Owed, Error> {
    let grace_seconds = grace.as_secs_f64();
    Ok(Owed {
        questions: intent_sweeps::owe_questions_if_no_live_job(
            connection,
            grace_seconds,
            job_attempts_max,
            OWED_MAX,
        )
        .await?,
        orders: intent_sweeps::owe_orders_if_no_live_job(
            connection,
            grace_seconds,
            job_attempts_max,
            OWED_MAX,
        )
        .await?,
        refunds: intent_sweeps::owe_refunds_if_no_live_job(
            connection,
            grace_seconds,
            job_attempts_max,
            OWED_MAX,
        )
        .await?,
    })
}
