//! What people change by hand: who, and why. Each change is written to the audit log in its own transaction.

use crate::text::can_be_stored;

/// Characters of an operator's name; the token's subject has the same bound.
const OPERATOR_CHARS_MAX: usize = 255;
/// Characters of a reason; a CHECK says the same.
const REASON_CHARS_MAX: usize = 1000;

/// Who acts, and why.
#[derive(Debug, Clone, Copy)]
pub struct ByHand<'a> {
    pub operator: &'a str,
    pub reason: &'a str,
}

/// An act that cannot be written down; the text says what it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unaccountable(pub &'static str);

impl ByHand<'_> {
    /// Whether the audit log can hold it.
    pub(crate) fn check(&self) -> Result<(), Unaccountable> {
        if self.operator.trim().is_empty() || self.operator.chars().count() > OPERATOR_CHARS_MAX {
            return Err(Unaccountable("an operator is named by 1 to 255 characters"));
        }
        if self.reason.trim().is_empty() || self.reason.chars().count() > REASON_CHARS_MAX {
            return Err(Unaccountable("a decision has a reason of 1 to 1000 characters"));
        }
        if ![self.operator, self.reason].into_iter().all(can_be_stored) {
            return Err(Unaccountable("texts have no NUL character"));
        }
        Ok(())
    }
}
