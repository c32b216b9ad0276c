//! What all resolutions share: the locked case before, the audited one after.

use schema::{
    Connection,
    queries::{
        audit_log, payment_intents,
        payment_intents::{read::IntentUnderQuestion, status::Move},
        refunds, reservations, review_cases,
    },
};
use serde_json::Value;

pub(super) use super::options::Resolution;
use super::{ResolveError, legal::Facts};
use crate::{
    operators::ByHand,
    payments::status::{IntentStatus, Reservation},
    text::can_be_stored,
};

/// A person's decision about an intent's open case.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'a> {
    pub payment_intent_id: &'a str,
    /// The case that the person looked at; `None` decides about whichever is open.
    pub case_id: Option<i64>,
    pub operator: &'a str,
    pub reason: &'a str,
}

/// What a decision did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// Where the intent stands.
    pub status: IntentStatus,
    /// The same decision was made before; nothing was changed.
    pub is_repetition: bool,
    /// A case is still open: only part of the money is back.
    pub case_is_open: bool,
    /// A job is due: wake workers.
    pub job_is_owed: bool,
}

impl Decision<'_> {
    pub(super) fn check(&self) -> Result<(), ResolveError> {
        ByHand { operator: self.operator, reason: self.reason }.check()?;
        if !can_be_stored(self.payment_intent_id) {
            return Err(ResolveError::UnknownIntent(self.payment_intent_id.to_owned()));
        }
        Ok(())
    }
}

/// An intent, locked, whose case is open.
pub(super) struct OpenCase {
    pub(super) intent: IntentUnderQuestion,
    pub(super) status: IntentStatus,
    pub(super) reservation: Reservation,
    before: Value,
}

/// What was found when a decision arrived.
pub(super) enum Opened {
    Case(Box<OpenCase>),
    /// The newest case was resolved in this very way.
    Repetition(IntentStatus),
}

/// Locks the intent and finds its open case.
pub(super) async fn open(
    connection: &mut Connection,
    decision: &Decision<'_>,
    resolution: Resolution,
) -> Result<Opened, ResolveError> {
    let id = decision.payment_intent_id;
    let intent = payment_intents::read::under_question_for_update(connection, id)
        .await?
        .ok_or_else(|| ResolveError::UnknownIntent(id.to_owned()))?;
    let (status, reservation) = (intent.status.parse()?, intent.reservation.parse()?);
    let Some(case) = review_cases::newest_of_intent(connection, id).await? else {
        return Err(ResolveError::NoOpenCase(status));
    };
    if decision.case_id.is_some_and(|looked_at| looked_at != case.id) {
        return Err(ResolveError::AnotherCase { newest_id: case.id });
    }
    if !case.is_open {
        let (resolution_before, resolved_by) =
            (case.resolution.unwrap_or_default(), case.resolved_by.unwrap_or_default());
        if resolution_before == resolution.as_str() {
            return Ok(Opened::Repetition(status));
        }
        return Err(ResolveError::ResolvedBefore { resolution: resolution_before, resolved_by });
    }
    let before = audit_log::state_of_intent(connection, id).await?;
    Ok(Opened::Case(Box::new(OpenCase { intent, status, reservation, before })))
}

impl OpenCase {
    /// Moves the intent; stock that the new status may not hold is released.
    pub(super) async fn move_to(
        &mut self,
        connection: &mut Connection,
        status: IntentStatus,
        cause: &str,
    ) -> Result<(), ResolveError> {
        let reservation = self.reservation.after_move_to(status);
        self.move_with(connection, status, reservation, cause).await?;
        Ok(())
    }

    /// Moves the intent to a status and a reservation that the caller has made true, but for a release.
    pub(super) async fn move_with(
        &mut self,
        connection: &mut Connection,
        status: IntentStatus,
        reservation: Reservation,
        cause: &str,
    ) -> Result<(), ResolveError> {
        let id = self.intent.payment_intent_id.as_str();
        let moved =
            Move { payment_intent_id: id, status: status.as_str(), reservation: reservation.as_str(), cause };
        payment_intents::status::move_locked(connection, &[moved]).await?;
        self.release_unless(connection, reservation).await?;
        self.status = status;
        Ok(())
    }

    /// Releases what is held, where the reservation to come is another.
    pub(super) async fn release_unless(
        &mut self,
        connection: &mut Connection,
        reservation: Reservation,
    ) -> Result<(), ResolveError> {
        if self.reservation == Reservation::Held && reservation == Reservation::Released {
            let id = self.intent.payment_intent_id.as_str();
            reservations::release_held(connection, &[id]).await?;
        }
        self.reservation = reservation;
        Ok(())
    }

    /// What decides which resolutions are legal.
    pub(super) async fn facts(&self, connection: &mut Connection) -> Result<Facts, ResolveError> {
        Facts::of(connection, &self.intent).await
    }

    /// Ends the refund under way, if there is one: what it held back of the payment is free again.
    pub(super) async fn end_refund_under_way(
        &mut self,
        connection: &mut Connection,
    ) -> Result<(), ResolveError> {
        let id = self.intent.payment_intent_id.as_str();
        if let Some(refund) = refunds::under_way_of_intent(connection, id).await? {
            refunds::fail_if_requested(connection, id).await?;
            self.intent.refunded_minor -= refund.amount_minor;
        }
        Ok(())
    }

    /// Resolves the case and writes the audit log.
    pub(super) async fn resolve(
        self,
        connection: &mut Connection,
        decision: &Decision<'_>,
        resolution: Resolution,
    ) -> Result<Resolved, ResolveError> {
        let Decision { payment_intent_id, operator, reason, .. } = *decision;
        let word = resolution.as_str();
        review_cases::resolve_if_open(connection, payment_intent_id, word, operator, reason).await?;
        self.audit(connection, decision, resolution).await?;
        Ok(Resolved { status: self.status, is_repetition: false, case_is_open: false, job_is_owed: false })
    }

    /// Writes the audit log of what was done to the intent.
    pub(super) async fn audit(
        &self,
        connection: &mut Connection,
        decision: &Decision<'_>,
        resolution: Resolution,
    ) -> Result<(), ResolveError> {
        let after = audit_log::state_of_intent(connection, decision.payment_intent_id).await?;
        let entry = audit_log::NewEntry {
            operator: decision.operator,
            action: resolution.as_str(),
            subject: decision.payment_intent_id,
            reason: decision.reason,
            before: &self.before,
            after: &after,
        };
        Ok(audit_log::insert(connection, entry).await?)
    }
}

impl Resolved {
    /// The answer to a decision that was made before.
    pub(super) const fn repeated(status: IntentStatus) -> Self {
        Self { status, is_repetition: true, case_is_open: false, job_is_owed: false }
    }

    pub(super) const fn with_job(self) -> Self {
        Self { job_is_owed: true, ..self }
    }
}
