//! A purchase as Postgres alone can serve it.

use tokio_postgres::Client;

use crate::{cluster::Cluster, connections::connect, finalize, pgbench::Lap};

const BEFORE_THE_ORDER: &str = include_str!("replay.sql");
const AFTER_THE_ORDER: &str = "SELECT pi.payment_intent_id, pi.status, o.id, o.order_number, pi.updated_at \
    FROM payment_intents pi LEFT JOIN orders o USING (payment_intent_id) WHERE pi.payment_intent_id = :intent;\n";
/// Of each client in one lap.
const PURCHASES_EACH: usize = 100;

/// The script and a database of its own.
pub(crate) struct Replay {
    database_url: String,
    script: String,
    observer: Client,
}

impl Replay {
    pub(crate) async fn prepare(cluster: &Cluster) -> anyhow::Result<Self> {
        let database_url = cluster.fresh_database("purchase_replay").await?;
        let observer = connect(&database_url).await?;
        finalize::seed::prepare(&observer).await?;
        let order = finalize::replay::statements(&database_url, &observer, of_one_purchase).await?;
        let script = format!("{BEFORE_THE_ORDER}BEGIN;\n{order}COMMIT;\n{AFTER_THE_ORDER}");
        finalize::seed::settle_down(&observer).await?;
        Ok(Self { database_url, script, observer })
    }

    /// Lets as many clients as there are buyers purchase one after the other.
    pub(crate) async fn purchases_per_second(&self, clients: usize) -> anyhow::Result<f64> {
        let lap = Lap {
            database_url: &self.database_url,
            name: "purchase",
            script: &self.script,
            clients,
            transactions_each: PURCHASES_EACH,
        };
        let per_second = lap.run().await?;
        finalize::seed::ensure_all_ordered(&self.observer).await?;
        Ok(per_second)
    }
}

/// What finalize's statements are given, as the script before them has it.
fn of_one_purchase(argument: &str) -> String {
    match argument {
        "job_ids" => "ARRAY[:job]::bigint[]",
        "lease_nos" => "ARRAY[:lease]::bigint[]",
        "cart_ids" => "ARRAY[:cart]::uuid[]",
        "order_ids" => "ARRAY[gen_random_uuid()]",
        "order_numbers" => "ARRAY['ORD-' || translate(upper(substr(md5(:intent), 1, 16)), '01', 'XY')]",
        "are_settled" => "ARRAY[true]",
        "statuses" => "ARRAY['completed']",
        "reservations" => "ARRAY['settled']",
        "causes" => "ARRAY['the order was made']",
        "worker" => "'replay'",
        literal if literal.starts_with('\'') => literal,
        _ => "ARRAY[:intent]::text[]",
    }
    .to_owned()
}
