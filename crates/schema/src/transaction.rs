//! The one way to open a transaction.

use std::time::Duration;

use diesel_async::{AnsiTransactionManager, SimpleAsyncConnection, TransactionManager};

use crate::{Connection, Error};

/// How often a transaction that lost against another one is run before its error is returned.
const TRANSACTION_ATTEMPTS_MAX: u32 = 5;
/// The pause before the second attempt; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// An error of a use case that can carry a query's.
pub trait FromSchema: From<Error> {
    /// The query's error inside, if it is one.
    fn schema_error(&self) -> Option<&Error>;
}

impl FromSchema for Error {
    fn schema_error(&self) -> Option<&Error> {
        Some(self)
    }
}

/// Runs `body` in one transaction: committed when it returns `Ok`, rolled back when it returns `Err`.
///
/// A body that loses against another transaction (deadlock, serialization failure) is run again, at
/// most five times in all, so it must have no effect outside the database: no network, no state.
/// A COMMIT that is not answered is `Error::Unavailable`: it may have happened.
/// The future must not be dropped halfway: never put it inside `select!` or `timeout`.
pub async fn transaction<T, E: FromSchema>(
    connection: &mut Connection,
    mut body: impl AsyncFnMut(&mut Connection) -> Result<T, E>,
) -> Result<T, E> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRANSACTION_ATTEMPTS_MAX {
        match attempt(connection, &mut body).await {
            Err(error) if error.schema_error().is_some_and(Error::is_contended) => {
                tracing::info!(error = %error.schema_error().map(ToString::to_string).unwrap_or_default(), "transaction is run again");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            result => return result,
        }
    }
    attempt(connection, &mut body).await
}

async fn attempt<T, E: FromSchema>(
    connection: &mut Connection,
    body: &mut impl AsyncFnMut(&mut Connection) -> Result<T, E>,
) -> Result<T, E> {
    AnsiTransactionManager::begin_transaction(connection).await.map_err(Error::from)?;
    match body(connection).await {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(connection).await.map_err(Error::from)?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the one that says what happened; a connection that cannot roll back is
            // broken and the pool discards it.
            if let Err(rollback) = AnsiTransactionManager::rollback_transaction(connection).await {
                tracing::warn!(error = %rollback, "rollback failed; the connection is discarded");
            }
            Err(error)
        }
    }
}

/// Checks deferred constraints now: called last in a body that inserts orders, so that a refusal names what
/// it refuses and leaves time to do the rest without it.
pub async fn check_deferred_constraints(connection: &mut Connection) -> Result<(), Error> {
    connection.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").await.map_err(Error::from)
}
