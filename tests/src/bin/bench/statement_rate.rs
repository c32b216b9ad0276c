use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_postgres::Client;

/// A busy backend reports every second what it did; one that falls idle, after ten.
const REPORTED_WITHIN: Duration = Duration::from_secs(11);
const WINDOW: Duration = Duration::from_secs(10);

/// Statements a second of everybody but this connection. Outside of transactions, as here, each is one of its own.
pub(crate) async fn statements_per_second(observer: &Client) -> anyhow::Result<f64> {
    sleep(REPORTED_WITHIN).await;
    let began = Instant::now();
    let before = statements(observer).await?;
    sleep(WINDOW).await;
    let after = statements(observer).await?;
    let own = 1;
    let counted = u32::try_from(after - before - own)?;
    Ok(f64::from(counted) / began.elapsed().as_secs_f64())
}

async fn statements(observer: &Client) -> anyhow::Result<i64> {
    // The first makes this connection's own report come at once and in order.
    let read = "SELECT pg_stat_force_next_flush(), xact_commit + xact_rollback FROM pg_stat_database \
                WHERE datname = current_database()";
    Ok(observer.query_one(read, &[]).await?.get(1))
}
