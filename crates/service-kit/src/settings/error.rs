use std::fmt;

/// Why the settings do not allow a start: one line, beginning with the variable to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct SettingsError {
    variable: String,
    problem: String,
    missing: bool,
}

impl SettingsError {
    /// A value that is there and cannot be used, whichever service reads it.
    pub(crate) fn invalid(key: &str, problem: impl fmt::Display) -> Self {
        Self { variable: variable_name(key), problem: problem.to_string(), missing: false }
    }

    /// A value that only a service which needs it misses.
    pub(crate) fn missing(key: &str, problem: impl fmt::Display) -> Self {
        Self { variable: variable_name(key), problem: problem.to_string(), missing: true }
    }

    /// The environment variable to change, such as `WORKER__LEASE_SECONDS`.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    pub(crate) const fn is_missing(&self) -> bool {
        self.missing
    }
}

/// `worker.lease_seconds` → `WORKER__LEASE_SECONDS`.
pub(crate) fn variable_name(key: &str) -> String {
    key.replace('.', "__").to_uppercase()
}
