use anyhow::Context;
use domain::{
    Connection,
    notifications::{ANY, Channel, notify},
    refunds::RefundTerms,
    review::{self, PortalRefund, Resolved},
};
use serde_json::json;

use super::arguments::{Decision, Resolve};

/// Makes a decision, wakes whoever has to act on it, and prints where the payment stands.
pub(super) async fn resolve(
    connection: &mut Connection,
    resolve: &Resolve,
    job_attempts_max: i32,
    json: bool,
) -> anyhow::Result<()> {
    let decision = review::Decision {
        payment_intent_id: &resolve.payment_intent_id,
        case_id: None,
        operator: &resolve.operator,
        reason: &resolve.reason,
    };
    let resolved = match resolve.decision {
        Decision::Fulfil => review::fulfil(connection, decision, job_attempts_max).await?,
        Decision::Refund => {
            let terms = RefundTerms::of_all_gateways(job_attempts_max);
            review::refund(connection, decision, &terms).await?
        }
        Decision::RefundedByHand => {
            review::refunded_by_hand(connection, decision, portal_refund(resolve)?).await?
        }
        Decision::Dismiss => review::dismiss(connection, decision).await?,
    };
    if !resolved.is_repetition {
        wake(connection, resolved).await;
    }
    print(resolve, resolved, json);
    Ok(())
}

fn portal_refund(resolve: &Resolve) -> anyhow::Result<PortalRefund<'_>> {
    Ok(PortalRefund {
        portal_reference: resolve.portal_reference.as_deref().context("--portal-reference is missing")?,
        amount_minor: resolve.amount_minor.context("--amount-minor is missing")?,
    })
}

/// The decision is committed; a wake-up that is lost costs a poll interval.
async fn wake(connection: &mut Connection, resolved: Resolved) {
    let channels = [Some(Channel::PaymentIntents), resolved.job_is_owed.then_some(Channel::JobQueue)];
    for channel in channels.into_iter().flatten() {
        if let Err(error) = notify(connection, channel, ANY).await {
            eprintln!("admin-console: nobody was woken, pollers will see it: {error}");
        }
    }
}

fn print(resolve: &Resolve, resolved: Resolved, json: bool) {
    let (id, status) = (resolve.payment_intent_id.as_str(), resolved.status.as_str());
    if json {
        let done = json!({ "payment_intent_id": id, "status": status, "is_repetition": resolved.is_repetition,
            "case_is_open": resolved.case_is_open, "job_is_owed": resolved.job_is_owed });
        println!("{done}");
        return;
    }
    let case = if resolved.case_is_open { "its case stays open" } else { "its case is resolved" };
    let repetition = if resolved.is_repetition { " (as before: nothing was changed)" } else { "" };
    let next = if resolved.job_is_owed { "; a worker goes on with it" } else { "" };
    println!("{id} is {status}; {case}{next}{repetition}");
}
