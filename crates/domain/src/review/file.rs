pub use schema::queries::evidence::{AnswerRow, CallbackRow, CaseRow, RefundRow, VerificationRow};
use schema::{
    Connection,
    queries::{
        audit_log, evidence,
        payment_list::{self, ListedPayment, SnapshotLine},
    },
};

use super::{
    ResolveError,
    options::{ResolutionOption, options},
};
use crate::{
    audit,
    refunds::RefundTerms,
    story::mask::{mask_strangers, masked},
};

/// Rows of each kind shown with a case; the payment's story has all of them.
pub const EVIDENCE_ROWS_MAX: i64 = 20;

/// Everything a person compares before deciding a case: what we expected beside what the gateway said. Newest rows
/// first, at most `EVIDENCE_ROWS_MAX` of a kind; what is personal is masked.
#[derive(Debug)]
pub struct CaseFile {
    pub case: CaseRow,
    /// What we expected: amount, reference, and what for.
    pub payment: ListedPayment,
    pub lines: Vec<SnapshotLine>,
    pub verifications: Vec<VerificationRow>,
    pub answers: Vec<AnswerRow>,
    pub callbacks: Vec<CallbackRow>,
    pub refunds: Vec<RefundRow>,
    /// What operators did about the payment.
    pub acts: Vec<audit::Entry>,
    /// Empty where the case is resolved.
    pub options: Vec<ResolutionOption>,
}

/// One case with its evidence; `None`: there is none of this id.
pub async fn open_file(
    connection: &mut Connection,
    case_id: i64,
    terms: &RefundTerms,
) -> Result<Option<CaseFile>, ResolveError> {
    let Some(mut case) = evidence::case(connection, case_id).await? else { return Ok(None) };
    let id = case.payment_intent_id.clone();
    let payment =
        payment_list::find(connection, &id).await?.ok_or_else(|| ResolveError::UnknownIntent(id.clone()))?;
    mask_strangers(&mut case.detail);
    let mut verifications = evidence::newest_verifications(connection, &id, EVIDENCE_ROWS_MAX).await?;
    verifications.iter_mut().for_each(|row| mask_strangers(&mut row.raw_response));
    let mut answers = evidence::newest_answers(connection, &id, EVIDENCE_ROWS_MAX).await?;
    answers.iter_mut().filter_map(|row| row.detail.as_mut()).for_each(mask_strangers);
    let mut callbacks = evidence::newest_callbacks(connection, &id, EVIDENCE_ROWS_MAX).await?;
    callbacks.iter_mut().for_each(|row| row.raw_payload = masked(&row.raw_payload));
    let mut refunds = evidence::newest_refunds(connection, &id, EVIDENCE_ROWS_MAX).await?;
    refunds.iter_mut().filter_map(|row| row.gateway_reply.as_mut()).for_each(|reply| *reply = masked(reply));
    let of_payment = audit::Filter { subject: Some(&id), ..audit::Filter::default() };
    let is_open = case.status == "open";
    Ok(Some(CaseFile {
        lines: payment_list::lines_of(connection, &id).await?,
        acts: audit_log::list_newest(connection, of_payment, EVIDENCE_ROWS_MAX).await?,
        options: if is_open { options(connection, &id, terms).await? } else { Vec::new() },
        case,
        payment,
        verifications,
        answers,
        callbacks,
        refunds,
    }))
}

/// The payment that a case is about; `None`: there is no such case.
pub async fn payment_of_case(
    connection: &mut Connection,
    case_id: i64,
) -> Result<Option<String>, schema::Error> {
    Ok(evidence::case(connection, case_id).await?.map(|case| case.payment_intent_id))
}
