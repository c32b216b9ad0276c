//! What an answer says about an intent: compared with what was priced, and with what was known before.

use schema::{
    Connection,
    queries::{payment_intents, verifications},
};

use super::{
    IntentUnderQuestion,
    gateway::Answer,
    record_answer::RecordAnswer,
    status::{CaseKind, IntentStatus},
    transitions::Finding,
};

/// Compares the answer with what is stored, and records the gateway transaction it names.
pub(super) async fn find(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    command: &RecordAnswer<'_>,
) -> Result<Finding, schema::Error> {
    let id = intent.payment_intent_id.as_str();
    let is_not_found = command.asked.answer == Answer::NotFound;
    let not_found_answers = if is_not_found { intent.not_found_answers.saturating_add(1) } else { 0 };
    if not_found_answers != intent.not_found_answers {
        payment_intents::status::set_not_found_answers(connection, id, not_found_answers).await?;
    }
    // Money on its way back is waited for from the moment it was sent on its way.
    let is_refunding = intent.status == IntentStatus::Refunding.as_str();
    let age_seconds = if is_refunding { intent.status_age_seconds } else { intent.age_seconds };
    let undecided = if age_seconds >= command.policy.give_up_age.as_secs_f64() {
        Finding::UndecidedPastGiveUp
    } else {
        Finding::Undecided
    };
    Ok(match &command.asked.answer {
        Answer::Paid { transaction_id, amount_minor, .. } => {
            let transaction = Transaction {
                id: transaction_id.as_deref(),
                status: "completed",
                amount_minor: *amount_minor,
            };
            record_transaction(connection, intent, command, transaction).await?.unwrap_or(Finding::Matches)
        }
        Answer::PartiallyRefunded { transaction_id, amount_minor } => {
            let transaction = Transaction {
                id: transaction_id.as_deref(),
                status: "partially_refunded",
                amount_minor: *amount_minor,
            };
            let odd = record_transaction(connection, intent, command, transaction).await?;
            odd.unwrap_or(Finding::Odd(CaseKind::PartialRefund))
        }
        Answer::Refunded { transaction_id, amount_minor } => {
            if transaction_id.is_some() {
                let transaction = Transaction {
                    id: transaction_id.as_deref(),
                    status: "refunded",
                    amount_minor: *amount_minor,
                };
                if let Some(odd) = record_transaction(connection, intent, command, transaction).await?
                    && odd == Finding::Odd(CaseKind::TransactionReused)
                {
                    return Ok(odd);
                }
            }
            Finding::RefundSeen
        }
        Answer::Unpaid { .. } => Finding::Unpaid,
        Answer::NotFound => {
            let is_past_grace = intent.age_seconds >= command.policy.not_found_grace.as_secs_f64();
            if is_past_grace && not_found_answers >= 2 { Finding::Unpaid } else { undecided }
        }
        Answer::UnheardOf { .. } => Finding::Odd(CaseKind::UnknownStatus),
        Answer::Undecided { .. } | Answer::Unknown { .. } => undecided,
    })
}

struct Transaction<'a> {
    id: Option<&'a str>,
    status: &'a str,
    amount_minor: i64,
}

/// Records a gateway transaction; `Some` says what is odd about it.
async fn record_transaction(
    connection: &mut Connection,
    intent: &IntentUnderQuestion,
    command: &RecordAnswer<'_>,
    transaction: Transaction<'_>,
) -> Result<Option<Finding>, schema::Error> {
    let id = intent.payment_intent_id.as_str();
    let Some(gateway_transaction_id) = transaction.id else {
        return Ok(Some(Finding::Odd(CaseKind::UnknownStatus)));
    };
    let verification = verifications::NewVerification {
        payment_intent_id: id,
        provider: &intent.provider,
        gateway_transaction_id,
        status: transaction.status,
        amount_minor: transaction.amount_minor,
        raw_response: &command.asked.raw_response,
        source: command.source.as_str(),
    };
    let (used_by, recorded_minor) = verifications::record_once(connection, verification).await?;
    if used_by != id {
        return Ok(Some(Finding::Odd(CaseKind::TransactionReused)));
    }
    if transaction.amount_minor != intent.amount_minor || recorded_minor != intent.amount_minor {
        return Ok(Some(Finding::Odd(CaseKind::AmountMismatch)));
    }
    if verifications::count_of_intent(connection, id).await? > 1 {
        return Ok(Some(Finding::Odd(CaseKind::SecondPayment)));
    }
    Ok(None)
}
