use std::time::Duration;

use schema::{
    Connection, Error,
    queries::{
        payment_intents::status::{Move, move_locked},
        refunds::{NewRefund, insert_requested},
    },
};

use crate::{
    jobs::RefundPayment,
    payments::{
        gateway::Provider,
        status::{IntentStatus, Reservation},
    },
    queue::{Enqueue, enqueue_all},
};

/// Which payments a rule may send back by itself.
#[derive(Debug, Clone)]
pub struct RefundTerms {
    /// Gateways that can be asked to refund; money paid through others goes to a person.
    pub providers: Vec<Provider>,
    /// Attempts of the job that asks, at least 1.
    pub job_attempts_max: i32,
}

impl RefundTerms {
    /// Every known gateway that has a refund call.
    pub fn of_all_gateways(job_attempts_max: i32) -> Self {
        let providers = Provider::ALL.into_iter().filter(|provider| provider.has_refund_call()).collect();
        Self { providers, job_attempts_max }
    }

    /// Whether money paid through the gateway of this word can be sent back without a person.
    pub fn cover(&self, provider: &str) -> bool {
        self.providers.iter().any(|offered| offered.as_str() == provider)
    }
}

/// A payment to be given back, all that is left of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestRefund<'a> {
    pub(crate) payment_intent_id: &'a str,
    /// The intent's reservation as it is; what is held is released by the caller.
    pub(crate) reservation: Reservation,
    pub(crate) cause: &'a str,
    /// The operator; `None` when a rule asks.
    pub(crate) requested_by: Option<&'a str>,
}

/// Moves intents that the caller has locked to `refunding` and writes their refunds, in the caller's
/// transaction. Their jobs are owed in the same one, by `owe_refund_jobs`.
pub(crate) async fn write_refunds(
    connection: &mut Connection,
    requests: &[RequestRefund<'_>],
) -> Result<(), Error> {
    let moves: Vec<Move<'_>> = requests
        .iter()
        .map(|request| Move {
            payment_intent_id: request.payment_intent_id,
            status: IntentStatus::Refunding.as_str(),
            reservation: request.reservation.after_move_to(IntentStatus::Refunding).as_str(),
            cause: request.cause,
        })
        .collect();
    move_locked(connection, &moves).await?;
    let refunds: Vec<NewRefund<'_>> = requests
        .iter()
        .map(|request| NewRefund {
            payment_intent_id: request.payment_intent_id,
            cause: request.cause,
            requested_by: request.requested_by,
        })
        .collect();
    insert_requested(connection, &refunds).await?;
    Ok(())
}

/// Owes the jobs that give payments back, due now.
pub(crate) async fn owe_refund_jobs(
    connection: &mut Connection,
    payment_intent_ids: impl IntoIterator<Item = &str>,
    job_attempts_max: i32,
) -> Result<(), Error> {
    let jobs: Vec<RefundPayment> =
        payment_intent_ids.into_iter().map(|id| RefundPayment { payment_intent_id: id.to_owned() }).collect();
    enqueue_all(connection, &jobs, Enqueue { run_in: Duration::ZERO, max_attempts: job_attempts_max }).await
}
