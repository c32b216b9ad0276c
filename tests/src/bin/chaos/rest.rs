//! After the storm: the gateways tell the truth again, and the pipeline has to come to rest by its own means.
//!
//! Only time is helped along: a question that is not due before its hour has passed is made due, as waiting that hour
//! would.

use std::{fmt, time::Duration};

use pipeline_tests::SandboxControl;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, types::ToSql};

/// Everybody who is unpaid is asked about so often: eSewa's word that it knows of nothing counts from the second time.
const ROUNDS: usize = 2;
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How long a round may take, at least.
const ROUND_TIMEOUT: Duration = Duration::from_secs(90);
/// And in addition for every so many intents.
const INTENTS_PER_SECOND: u64 = 20;

const BRING_FORWARD: &str = "
    UPDATE job_queue j SET run_at = now()
      FROM payment_intents pi
     WHERE j.job_type = 'verify_payment' AND j.status = 'pending' AND j.run_at > now()
       AND j.payload ->> 'payment_intent_id' = pi.payment_intent_id
       AND pi.status NOT IN ('completed', 'refunded')";

/// Questions go on for a month, so that at any moment one may be due; overdue is what nobody gets done. A payment whose
/// order's job was given up on waits for a person.
const UNREST: &str = "
    SELECT (SELECT count(*) FROM job_queue WHERE status IN ('pending', 'processing') AND run_at <= now() - interval '3 seconds'),
           (SELECT count(*) FROM payment_intents pi WHERE pi.status = 'verified'
               AND NOT EXISTS (SELECT FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id AND c.status = 'open')),
           (SELECT count(*) FROM payment_intents WHERE status IN ('created', 'awaiting_payment')),
           (SELECT count(*) FROM payment_intents pi
             WHERE pi.status NOT IN ('completed', 'refunded') AND pi.gateway_reference IS NOT NULL
               AND pi.question_closed_at IS NULL AND (pi.last_asked_at < $1 OR pi.last_asked_at IS NULL)
               AND EXISTS (SELECT FROM job_queue j WHERE j.idempotency_key = 'verify_payment:' || pi.payment_intent_id
                              AND j.status IN ('pending', 'processing')))";

/// What still moves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unrest {
    jobs_overdue: i64,
    orders_owed: i64,
    intents_open: i64,
    unasked: i64,
}

impl fmt::Display for Unrest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jobs_overdue, orders_owed, intents_open, unasked } = self;
        write!(
            formatter,
            "{jobs_overdue} jobs are overdue, {orders_owed} payments wait for their order, {intents_open} intents \
             are open, {unasked} questions were not asked since the gateways became honest"
        )
    }
}

impl Unrest {
    async fn look(rows: &Client, since: &(dyn ToSql + Sync)) -> anyhow::Result<Self> {
        let row = rows.query_one(UNREST, &[since]).await?;
        Ok(Self {
            jobs_overdue: row.get(0),
            orders_owed: row.get(1),
            intents_open: row.get(2),
            unasked: row.get(3),
        })
    }

    fn is_over(self) -> bool {
        self.jobs_overdue + self.orders_owed + self.intents_open + self.unasked == 0
    }
}

/// Waits until nothing moves any more; returns what still did where that took too long.
///
/// # Errors
/// Where database or sandbox cannot be asked.
pub(crate) async fn come_to_rest(
    rows: &Client,
    sandbox: &SandboxControl,
    intents: u64,
) -> anyhow::Result<Option<Unrest>> {
    be_honest(sandbox).await?;
    for _ in 0..ROUNDS {
        let since: std::time::SystemTime = rows.query_one("SELECT clock_timestamp()", &[]).await?.get(0);
        rows.execute(BRING_FORWARD, &[]).await?;
        let deadline = Instant::now() + ROUND_TIMEOUT + Duration::from_secs(intents / INTENTS_PER_SECOND);
        loop {
            let unrest = Unrest::look(rows, &since).await?;
            if unrest.is_over() {
                break;
            }
            if Instant::now() > deadline {
                return Ok(Some(unrest));
            }
            sleep(LOOK_INTERVAL).await;
        }
    }
    Ok(None)
}

/// Takes back every mode that still holds.
async fn be_honest(sandbox: &SandboxControl) -> anyhow::Result<()> {
    let none = json!({ "modes": [] });
    sandbox.set_defaults(&none).await?;
    for payment in sandbox.payments().await? {
        let text = |field: &str| payment.get(field).and_then(Value::as_str);
        let modes = payment.pointer("/modes/modes").and_then(Value::as_array);
        if let (Some(provider), Some(reference), Some([_, ..])) =
            (text("provider"), text("reference"), modes.map(Vec::as_slice))
        {
            sandbox.set_modes_of(provider, reference, &none).await?;
        }
    }
    Ok(())
}
