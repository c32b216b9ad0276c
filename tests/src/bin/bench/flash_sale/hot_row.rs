use tokio_postgres::Client;

use crate::pgbench::Lap;

/// Transactions of one lap, over all clients.
const TRANSACTIONS: usize = 1_000;

/// What the stock of one variant is to Postgres: one row that every buyer updates.
pub(crate) async fn prepare(observer: &Client) -> anyhow::Result<()> {
    let make = "CREATE TABLE bench_hot_row (id integer PRIMARY KEY, available integer NOT NULL, reserved integer NOT NULL)
                    WITH (fillfactor = 50);
                INSERT INTO bench_hot_row VALUES (1, 2000000000, 0)";
    Ok(observer.batch_execute(make).await?)
}

/// Commits a second when each is one conditional update of that row: no design that commits a reservation a time
/// is faster.
pub(crate) async fn commits_per_second(url: &str, clients: usize) -> anyhow::Result<f64> {
    let script = "UPDATE bench_hot_row SET available = available - 1, reserved = reserved + 1 \
                  WHERE id = 1 AND available >= 1;\n";
    let lap = Lap {
        database_url: url,
        name: "hot_row",
        script,
        clients,
        transactions_each: TRANSACTIONS / clients,
    };
    lap.run().await
}
