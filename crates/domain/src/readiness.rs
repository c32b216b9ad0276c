//! Whether a service can work with its database.

use schema::{
    Error, Pool,
    migrations::{self, Compatibility},
};

/// Why it cannot, in words that are safe to show to anybody.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    #[error("the database cannot be reached")]
    Unreachable(#[source] Error),
    #[error("the schema is older than this binary: it has migration {found} and lacks {needed}")]
    SchemaTooOld { needed: String, found: String },
    #[error("this binary is too old: the schema asks for {minimum}, it was built with {built_with}")]
    BinaryTooOld { minimum: String, built_with: String },
}

/// Reaches the database and compares its schema with this binary. What a readiness probe asks.
pub async fn database(pool: &Pool) -> Result<(), NotReady> {
    let mut connection = pool.connection().await.map_err(NotReady::Unreachable)?;
    match migrations::compatibility(&mut connection).await.map_err(NotReady::Unreachable)? {
        Compatibility::Fits => Ok(()),
        Compatibility::SchemaTooOld { needed, found } => Err(NotReady::SchemaTooOld { needed, found }),
        Compatibility::BinaryTooOld { minimum, built_with } => {
            Err(NotReady::BinaryTooOld { minimum, built_with })
        }
    }
}
