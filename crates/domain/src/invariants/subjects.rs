//! What one page of the check looks at, each once.

use std::collections::BTreeSet;

use schema::queries::invariants::changes::{Change, Suspect};

use super::round::{INTENT, VARIANT};

/// Keys in the order of their kind.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    pub(super) payment_intent_ids: BTreeSet<String>,
    pub(super) variant_ids: BTreeSet<String>,
    pub(super) job_ids: BTreeSet<i64>,
}

impl Subjects {
    pub(super) fn add_changes(&mut self, changes: Vec<Change>) {
        for change in changes {
            self.payment_intent_ids.extend(change.payment_intent_id);
            self.variant_ids.extend(change.variant_id);
        }
    }

    pub(super) fn add_suspects(&mut self, suspects: Vec<Suspect>) {
        for Suspect { subject_kind, subject } in suspects {
            self.add(&subject_kind, subject);
        }
    }

    /// A job whose key is no number is none.
    pub(super) fn add(&mut self, subject_kind: &str, subject: String) {
        match subject_kind {
            INTENT => _ = self.payment_intent_ids.insert(subject),
            VARIANT => _ = self.variant_ids.insert(subject),
            _ => self.job_ids.extend(subject.parse::<i64>()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.payment_intent_ids.len() + self.variant_ids.len() + self.job_ids.len()
    }
}
