//! Actions and the returns they cause: the one path that pages, tests and programs share.

use serde::Serialize;

use crate::{
    actions::Action,
    clock, esewa, khalti,
    ledger::Ledger,
    modes::Mode,
    payment::{Payment, PaymentView},
    provider::Provider,
    state::State,
    transitions::{Landing, TransitionError, new_transaction_id},
};

/// What an action did: the books after it, and where a browser must go.
#[derive(Debug, Serialize)]
pub(crate) struct Delivered {
    pub(crate) payment: PaymentView,
    /// Exact URLs, in order, that the shopper's browser is sent to: none, one or many.
    pub(crate) redirects: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ActionError {
    #[error("no such payment")]
    UnknownPayment,
    #[error(transparent)]
    Transition(#[from] TransitionError),
    #[error("redirect_foreign_payload needs another paid payment")]
    NoOtherPayment,
    #[error(transparent)]
    Unwritable(#[from] serde_json::Error),
}

/// One action on one payment.
pub(crate) struct ActionRequest<'a> {
    pub(crate) provider: Provider,
    pub(crate) key: &'a str,
    pub(crate) action: Action,
    /// Only for a partial refund.
    pub(crate) amount_minor: Option<i64>,
}

/// Does what the shopper, the portal or the gateway does, and hands out the returns.
pub(crate) fn perform(state: &State, request: &ActionRequest<'_>) -> Result<Delivered, ActionError> {
    let now = clock::now();
    let mut ledger = state.ledger();
    // Work on a copy: an action refused half-way leaves the books as they were.
    let mut payment =
        ledger.find(request.provider, request.key, now).ok_or(ActionError::UnknownPayment)?.clone();
    let landing = payment.apply(request.action, request.amount_minor, now)?;
    let redirects = if landing == Landing::Again {
        held_or_last(&mut payment)
    } else {
        let returns = returns_of(state, &ledger, &payment, landing)?;
        deliver(&mut payment, &returns)
    };
    payment.redirects_delivered = payment.redirects_delivered.saturating_add(count(&redirects));
    let view = payment.view();
    let reference = payment.request.reference.clone();
    if let Some(entry) = ledger.find(request.provider, &reference, now) {
        *entry = payment;
    }
    ledger.index_charges(request.provider, &reference);
    tracing::info!(provider = ?request.provider, %reference, action = request.action.word(), redirects = redirects.len(), "payment acted on");
    Ok(Delivered { payment: view, redirects })
}

fn count(redirects: &[String]) -> u64 {
    u64::try_from(redirects.len()).unwrap_or(u64::MAX)
}

/// The URLs an action leads to, before the modes decide how often they are opened.
fn returns_of(
    state: &State,
    ledger: &Ledger,
    payment: &Payment,
    landing: Landing,
) -> Result<Vec<String>, ActionError> {
    let transaction_ids = match landing {
        Landing::Away | Landing::Again => return Ok(Vec::new()),
        Landing::Unpaid if payment.modes.has(Mode::RedirectClaimsPaid) => {
            vec![new_transaction_id(payment.request.provider)]
        }
        Landing::Unpaid => {
            return Ok(vec![match payment.request.provider {
                Provider::Khalti | Provider::Identity => khalti::unpaid_return(payment),
                Provider::Esewa => payment.request.failure_url.clone(),
            }]);
        }
        Landing::Paid { transaction_ids } => transaction_ids,
    };
    let mut returns = Vec::with_capacity(transaction_ids.len());
    for transaction_id in &transaction_ids {
        returns.push(paid_return(state, ledger, payment, transaction_id)?);
    }
    Ok(returns)
}

fn paid_return(
    state: &State,
    ledger: &Ledger,
    payment: &Payment,
    transaction_id: &str,
) -> Result<String, ActionError> {
    let other = ledger.another_paid(payment);
    let mut told = payment.clone();
    let mut told_id = transaction_id.to_owned();
    if payment.modes.has(Mode::ReusedTransactionId) {
        told_id = other.and_then(|other| other.transaction_id.clone()).unwrap_or(told_id);
    }
    if payment.modes.has(Mode::RedirectForeignPayload) {
        let other = other.ok_or(ActionError::NoOtherPayment)?;
        told_id = other.transaction_id.clone().unwrap_or(told_id);
        told.request = other.request.clone();
        told.request.success_url = payment.request.success_url.clone();
    }
    Ok(match payment.request.provider {
        Provider::Esewa => esewa::paid_return(&state.settings, &told, &told_id)?,
        Provider::Khalti | Provider::Identity => khalti::paid_return(&told, &told_id),
    })
}

/// Hands the returns to the browser as often as the modes say, or keeps them for later.
fn deliver(payment: &mut Payment, returns: &[String]) -> Vec<String> {
    let redirects: Vec<String> =
        returns.iter().flat_map(|url| std::iter::repeat_n(url.clone(), payment.modes.deliveries())).collect();
    if let Some(last) = returns.last() {
        payment.last_redirect = Some(last.clone());
    }
    if payment.modes.has(Mode::RedirectLate) {
        payment.redirects_held.extend(redirects);
        return Vec::new();
    }
    redirects
}

fn held_or_last(payment: &mut Payment) -> Vec<String> {
    if payment.redirects_held.is_empty() {
        payment.last_redirect.iter().cloned().collect()
    } else {
        std::mem::take(&mut payment.redirects_held)
    }
}
