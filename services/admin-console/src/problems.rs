//! Failures as problems; pages and JSON are made of them at the door.

use service_kit::http::{Code, Problem};

/// Until the database is worth another try.
const RETRY_AFTER_SECONDS: u64 = 2;

pub(crate) fn database(error: domain::Error) -> Problem {
    match error {
        domain::Error::Unavailable(_) | domain::Error::Contended(_) => {
            Problem::new(Code::ServiceUnavailable, "The database cannot answer for a moment.")
                .retry_after(RETRY_AFTER_SECONDS)
                .because(error)
        }
        domain::Error::Refused { .. } | domain::Error::Defect(_) => Problem::internal(error),
    }
}
