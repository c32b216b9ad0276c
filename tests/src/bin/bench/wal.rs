use tokio_postgres::Client;

/// All that this server has written to its log so far.
pub(crate) async fn wal_bytes(observer: &Client) -> anyhow::Result<f64> {
    let read = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8";
    Ok(observer.query_one(read, &[]).await?.get(0))
}
