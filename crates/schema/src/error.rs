//! What can go wrong between a query and Postgres, in words that callers can act on.

use diesel::result::DatabaseErrorKind;

/// A query's failure. Diesel's own errors never leave this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused a write that a named constraint forbids.
    #[error("refused by {constraint}: {message}")]
    Refused { constraint: String, message: String },
    /// Two transactions met; the loser may simply start again.
    #[error("lost against another transaction: {0}")]
    Contended(String),
    /// No connection, or it broke, or a time-out passed; nothing is known of the last statement.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A statement that does not fit the schema, or a privilege that is missing: a defect, not a state.
    #[error("the database refused the statement: {0}")]
    Defect(String),
}

impl Error {
    /// Whether the same transaction may succeed when it is simply run again.
    pub const fn is_contended(&self) -> bool {
        matches!(self, Self::Contended(_))
    }

    /// What happened, in the words of whoever noticed.
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused { message, .. } => message,
            Self::Contended(reason) | Self::Unavailable(reason) | Self::Defect(reason) => reason,
        }
    }

    /// Whether the named constraint refused the write.
    pub fn is_refused_by(&self, constraint: &str) -> bool {
        matches!(self, Self::Refused { constraint: name, .. } if name == constraint)
    }
}

/// Messages by which Postgres (in its C locale, which the pool sets) reports states that have no kind of
/// their own in Diesel.
const CONTENDED_MESSAGES: [&str; 2] = ["deadlock detected", "canceling statement due to lock timeout"];
const UNAVAILABLE_MESSAGES: [&str; 5] = [
    "terminating connection",
    "canceling statement",
    "the database system is",
    "remaining connection slots",
    "sorry, too many clients",
];

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::Error as Diesel;
        match error {
            Diesel::DatabaseError(kind, information) => {
                let message = information.message().to_owned();
                if let Some(constraint) = information.constraint_name() {
                    return Self::Refused { constraint: constraint.to_owned(), message };
                }
                from_kind(&kind, message)
            }
            Diesel::BrokenTransactionManager | Diesel::RollbackErrorOnCommit { .. } => {
                Self::Unavailable(error.to_string())
            }
            other => Self::Defect(other.to_string()),
        }
    }
}

fn from_kind(kind: &DatabaseErrorKind, message: String) -> Error {
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    match kind {
        DatabaseErrorKind::SerializationFailure => Error::Contended(message),
        DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::ReadOnlyTransaction => Error::Unavailable(message),
        _ if says(&CONTENDED_MESSAGES) => Error::Contended(message),
        _ if says(&UNAVAILABLE_MESSAGES) => Error::Unavailable(message),
        _ => Error::Defect(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadlock_is_contention_and_a_shutdown_is_unavailability() {
        let of = |message: &str| from_kind(&DatabaseErrorKind::Unknown, message.to_owned());
        assert!(matches!(of("deadlock detected"), Error::Contended(_)));
        assert!(matches!(of("canceling statement due to lock timeout"), Error::Contended(_)));
        assert!(matches!(of("canceling statement due to statement timeout"), Error::Unavailable(_)));
        assert!(matches!(of("the database system is starting up"), Error::Unavailable(_)));
        assert!(matches!(of("permission denied for table orders"), Error::Defect(_)));
    }
}
