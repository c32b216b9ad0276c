use std::time::Duration;

use schema::{Connection, Error, queries::intent_sweeps};

/// Keys forgotten in one sweep.
pub const FORGOTTEN_MAX: u32 = 1000;
/// How long a checkout may be repeated under its key.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Forgets idempotency keys older than 30 days; returns how many, at most [`FORGOTTEN_MAX`].
pub async fn forget_idempotency_keys(connection: &mut Connection) -> Result<usize, Error> {
    intent_sweeps::forget_idempotency_keys_if_older_than(connection, KEPT.as_secs_f64(), FORGOTTEN_MAX.into())
        .await
}
