use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    modes::ModeSet,
    payment::{Payment, PaymentRequest},
    provider::Provider,
};

/// Payments kept, and modes set for payments that do not exist yet, before the sandbox must be restarted.
pub(crate) const ENTRIES_MAX: usize = 100_000;

/// The gateways' own books: what was asked for, what was paid, who asked about it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    payments: Vec<Payment>,
    by_key: HashMap<(Provider, String), usize>,
    by_transaction: HashMap<(Provider, String), usize>,
    defaults: ModeSet,
    modes_ahead: HashMap<(Provider, String), ModeSet>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sandbox's ledger is full ({ENTRIES_MAX}); restart it")]
pub(crate) struct LedgerFull;

impl Ledger {
    /// Writes a payment down, with the modes set for it beforehand or else the defaults.
    pub(crate) fn open(&mut self, request: PaymentRequest) -> Result<&mut Payment, LedgerFull> {
        if self.payments.len() >= ENTRIES_MAX {
            return Err(LedgerFull);
        }
        let provider = request.provider;
        let position = self.payments.len();
        let modes = self.modes_of(provider, &request.reference, request.purchase_order_id.as_deref());
        self.by_key.insert((provider, request.reference.clone()), position);
        if let Some(purchase_order_id) = &request.purchase_order_id {
            self.by_key.insert((provider, purchase_order_id.clone()), position);
        }
        self.payments.push(Payment::new(request, modes));
        self.payments.last_mut().ok_or(LedgerFull)
    }

    /// The payment with this reference, or the latest with this purchase order id.
    pub(crate) fn find(&mut self, provider: Provider, key: &str, now: DateTime<Utc>) -> Option<&mut Payment> {
        let position = *self.by_key.get(&(provider, key.to_owned()))?;
        let payment = self.payments.get_mut(position)?;
        payment.expire_if_due(now);
        Some(payment)
    }

    pub(crate) fn find_by_transaction(
        &mut self,
        provider: Provider,
        transaction_id: &str,
    ) -> Option<&mut Payment> {
        let position = *self.by_transaction.get(&(provider, transaction_id.to_owned()))?;
        self.payments.get_mut(position)
    }

    /// Makes the charges of a payment findable by their transaction ids.
    pub(crate) fn index_charges(&mut self, provider: Provider, key: &str) {
        let Some(&position) = self.by_key.get(&(provider, key.to_owned())) else { return };
        let Some(payment) = self.payments.get(position) else { return };
        for charge in &payment.charges {
            self.by_transaction.insert((provider, charge.transaction_id.clone()), position);
        }
    }

    /// Another payment that was really paid: the one `payment` borrows from by its modes, or the latest.
    pub(crate) fn another_paid(&self, payment: &Payment) -> Option<&Payment> {
        let wanted = payment.modes.other_reference.as_deref();
        self.payments.iter().rev().find(|other| {
            other.request.provider == payment.request.provider
                && other.request.reference != payment.request.reference
                && !other.charges.is_empty()
                && wanted.is_none_or(|key| other.answers_to(key))
        })
    }

    /// Every payment as it stands at `now`, the latest first.
    pub(crate) fn all(&mut self, now: DateTime<Utc>) -> impl Iterator<Item = &Payment> {
        for payment in &mut self.payments {
            payment.expire_if_due(now);
        }
        self.payments.iter().rev()
    }

    /// The modes that a payment with these keys has or would have.
    pub(crate) fn modes_of(&self, provider: Provider, reference: &str, order: Option<&str>) -> ModeSet {
        [Some(reference), order]
            .into_iter()
            .flatten()
            .find_map(|key| self.modes_ahead.get(&(provider, key.to_owned())))
            .cloned()
            .unwrap_or_else(|| self.defaults.of(provider))
    }

    pub(crate) fn defaults(&self) -> &ModeSet {
        &self.defaults
    }

    pub(crate) fn set_defaults(&mut self, modes: ModeSet) {
        self.defaults = modes;
    }

    /// Sets the modes of every payment with this key, existing or to come; returns how many exist.
    pub(crate) fn set_modes(
        &mut self,
        provider: Provider,
        key: &str,
        modes: &ModeSet,
    ) -> Result<usize, LedgerFull> {
        if self.modes_ahead.len() >= ENTRIES_MAX {
            return Err(LedgerFull);
        }
        self.modes_ahead.insert((provider, key.to_owned()), modes.clone());
        let mut existing = 0;
        for payment in &mut self.payments {
            if payment.request.provider == provider && payment.answers_to(key) {
                payment.modes = modes.clone();
                existing += 1;
            }
        }
        Ok(existing)
    }
}
