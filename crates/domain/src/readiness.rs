//! Whether a service can work with its database.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use schema::{
    Connection, Error, Pool,
    migrations::{self, Compatibility},
};
use tokio::time::Instant;

/// How long a schema that was found to fit is taken to fit.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

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
    compare(&mut *pool.connection().await?).await
}

/// Keeps work from a service that takes it unasked. No orchestrator sends it any, so none can hold it back: a service that
/// is not ready goes on claiming unless it looks itself.
#[derive(Debug, Default)]
pub struct SchemaCheck {
    fitted_at: Mutex<Option<Instant>>,
}

impl SchemaCheck {
    /// Compares schema and binary, unless they were found to fit within the last five seconds.
    ///
    /// # Errors
    /// `Unavailable` with the line that `/readyz` says where they do not fit; take no work, and ask again later.
    pub async fn ensure_fits(&self, connection: &mut Connection) -> Result<(), Error> {
        if self.fitted_at().is_some_and(|at| at.elapsed() < LOOK_INTERVAL) {
            return Ok(());
        }
        let compared = compare(connection).await;
        *self.fitted_at() = compared.is_ok().then(Instant::now);
        compared.map_err(|problem| Error::Unavailable(problem.to_string()))
    }

    fn fitted_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.fitted_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn compare(connection: &mut Connection) -> Result<(), NotReady> {
    match migrations::compatibility(connection).await? {
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
