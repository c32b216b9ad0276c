//! What each action does to a payment's books, and where it leaves the shopper.

use chrono::{DateTime, Utc};

use crate::{
    actions::Action,
    identifiers::{esewa_transaction_code, khalti_identifier},
    modes::Mode,
    payment::{Charge, Payment, RefundedThrough, Status},
    provider::Provider,
};

/// Where an action leaves the shopper's browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Landing {
    /// Nowhere: the tab is closed, or the shopper had no part in it.
    Away,
    /// Back at the shop, once for each transaction id, told that the payment succeeded.
    Paid { transaction_ids: Vec<String> },
    /// Back at the shop, told anything but success.
    Unpaid,
    /// Wherever earlier actions would have led.
    Again,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransitionError {
    #[error("{action} is not possible while the payment is {status:?}")]
    NotPossible { action: &'static str, status: Status },
    #[error("the refund must be between 1 and {refundable_minor} paisa")]
    RefundOutOfRange { refundable_minor: i64 },
    #[error("{action} does not exist at {provider:?}")]
    NotOffered { action: &'static str, provider: Provider },
}

impl Payment {
    /// Changes the books as `action` does in the real world. Refused actions change nothing.
    pub(crate) fn apply(
        &mut self,
        action: Action,
        amount_minor: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Landing, TransitionError> {
        if !action.offered_by(self.request.provider) {
            let provider = self.request.provider;
            return Err(TransitionError::NotOffered { action: action.word(), provider });
        }
        self.expire_if_due(now);
        if !allowed(action, self.status) {
            return Err(TransitionError::NotPossible { action: action.word(), status: self.status });
        }
        Ok(match action {
            Action::Pay | Action::PayLate => Landing::Paid { transaction_ids: vec![self.charge(now)] },
            Action::PayTwice if self.status == Status::Paid => {
                Landing::Paid { transaction_ids: vec![self.charge(now)] }
            }
            Action::PayTwice => Landing::Paid { transaction_ids: vec![self.charge(now), self.charge(now)] },
            Action::Cancel => self.halt(Status::Cancelled, Landing::Unpaid),
            Action::Pending => self.halt(Status::Pending, Landing::Unpaid),
            Action::Ambiguous => self.halt(Status::Ambiguous, Landing::Unpaid),
            Action::Fail => self.halt(Status::Failed, Landing::Unpaid),
            Action::Expire => self.halt(Status::Expired, Landing::Away),
            Action::Reverse => self.halt(Status::Reversed, Landing::Away),
            Action::Refund => self.refund_in_portal(self.refundable_minor(), now)?,
            Action::PartialRefund => {
                let half = (self.refundable_minor() / 2).max(1);
                self.refund_in_portal(amount_minor.unwrap_or(half), now)?
            }
            Action::Outage => self.switch_outage(true),
            Action::Recover => self.switch_outage(false),
            Action::Leave => Landing::Away,
            Action::Deliver => Landing::Again,
        })
    }

    fn charge(&mut self, now: DateTime<Utc>) -> String {
        let transaction_id = new_transaction_id(self.request.provider);
        self.charges.push(Charge {
            transaction_id: transaction_id.clone(),
            amount_minor: self.request.amount_minor,
            charged_at: now,
        });
        self.transaction_id = Some(transaction_id.clone());
        self.status = Status::Paid;
        transaction_id
    }

    fn halt(&mut self, status: Status, landing: Landing) -> Landing {
        let esewa_names_it = matches!(status, Status::Ambiguous | Status::Cancelled);
        if self.request.provider == Provider::Esewa && esewa_names_it && self.transaction_id.is_none() {
            self.transaction_id = Some(esewa_transaction_code());
        }
        self.status = status;
        landing
    }

    fn refund_in_portal(
        &mut self,
        amount_minor: i64,
        now: DateTime<Utc>,
    ) -> Result<Landing, TransitionError> {
        let refundable_minor = self.refundable_minor();
        if !(1..=refundable_minor).contains(&amount_minor) {
            return Err(TransitionError::RefundOutOfRange { refundable_minor });
        }
        self.record_refund(amount_minor, RefundedThrough::Portal, now);
        Ok(Landing::Away)
    }

    fn switch_outage(&mut self, out: bool) -> Landing {
        let mode = outage_of(self.request.provider);
        if out {
            self.modes.modes.insert(mode);
        } else {
            self.modes.modes.remove(&mode);
        }
        Landing::Away
    }
}

fn outage_of(provider: Provider) -> Mode {
    match provider {
        Provider::Esewa => Mode::SaysUnavailable,
        Provider::Khalti | Provider::Identity => Mode::AnswerServerError,
    }
}

/// An id in the provider's own spelling.
pub(crate) fn new_transaction_id(provider: Provider) -> String {
    match provider {
        Provider::Esewa => esewa_transaction_code(),
        Provider::Khalti | Provider::Identity => khalti_identifier(),
    }
}

fn allowed(action: Action, status: Status) -> bool {
    let open = matches!(status, Status::Initiated | Status::Pending | Status::Ambiguous);
    let ended_unpaid = matches!(status, Status::Expired | Status::Cancelled | Status::Failed);
    match action {
        Action::Pay | Action::Cancel | Action::Expire | Action::Fail => open,
        Action::Pending | Action::Ambiguous => matches!(status, Status::Initiated | Status::Pending),
        Action::PayLate => open || ended_unpaid,
        Action::PayTwice => open || status == Status::Paid,
        Action::Refund | Action::PartialRefund => matches!(status, Status::Paid | Status::PartiallyRefunded),
        Action::Reverse => status == Status::Paid,
        Action::Leave | Action::Outage | Action::Recover | Action::Deliver => true,
    }
}
