//! A test database without one of its guards: how it is shown that some test needs it.

use anyhow::Context;

use crate::server;

/// Statements that take a guard out of every new test database; `make guards` sets it, and nothing else does.
const WITHOUT_GUARD: &str = "TEST_WITHOUT_GUARD";

/// Takes out what the environment says, which is nothing in an ordinary run.
#[expect(
    clippy::disallowed_methods,
    reason = "tests have no settings; the guards' own run is told apart by this"
)]
pub(crate) async fn take_guard_out(database_url: &str) -> anyhow::Result<()> {
    let Ok(statements) = std::env::var(WITHOUT_GUARD) else { return Ok(()) };
    let client = server::connect(database_url).await?;
    client
        .batch_execute(&statements)
        .await
        .with_context(|| format!("cannot run {WITHOUT_GUARD}: {statements}"))
}
