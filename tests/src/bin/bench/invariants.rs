use anyhow::ensure;
use tokio_postgres::Client;

/// Promises that are broken are printed up to this many.
const SHOWN_MAX: i64 = 5;

/// Fails where the pipeline's own view finds a broken promise: a figure made of wrong rows is none.
pub(crate) async fn ensure_none_violated(client: &Client) -> anyhow::Result<()> {
    let read = "SELECT format('%s: %s: %s', invariant, subject, detail) FROM invariant_violations LIMIT $1";
    let rows = client.query(read, &[&SHOWN_MAX]).await?;
    let violations: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    ensure!(violations.is_empty(), "invariants are violated under load:\n{}", violations.join("\n"));
    Ok(())
}
