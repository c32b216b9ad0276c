//! Whether a service can work with its database.

use schema::{
    Error, Pool,
    migrations::{self, Compatibility},
};

/// Why it cannot, in one line without secrets: names of hosts, logins and roles may stand in it, passwords never.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    #[error("the database cannot be used: {0}; run `migrate up` where it has no schema yet")]
    Unusable(String),
    #[error("the schema is older than this binary: it has migration {found} and lacks {needed}")]
    SchemaTooOld { needed: String, found: String },
    #[error("this binary is too old: the schema asks for {minimum}, it was built with {built_with}")]
    BinaryTooOld { minimum: String, built_with: String },
}

/// Reaches the database and compares its schema with this binary. What a readiness probe asks.
pub async fn database(pool: &Pool) -> Result<(), NotReady> {
    let mut connection = pool.connection().await?;
    match migrations::compatibility(&mut connection).await? {
        Compatibility::Fits => Ok(()),
        Compatibility::SchemaTooOld { needed, found } => Err(NotReady::SchemaTooOld { needed, found }),
        Compatibility::BinaryTooOld { minimum, built_with } => {
            Err(NotReady::BinaryTooOld { minimum, built_with })
        }
    }
}

impl From<Error> for NotReady {
    fn from(error: Error) -> Self {
        let reason = error.reason().to_owned();
        match error {
            Error::Unavailable(_) | Error::Contended(_) => Self::Unreachable(reason),
            Error::Refused { .. } | Error::Defect(_) => Self::Unusable(reason),
        }
    }
}
