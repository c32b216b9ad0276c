use anyhow::ensure;
use tokio_postgres::Client;

use super::{BATCH, claim, finalize_batch, seed};
use crate::{
    connections::{worker_connections, worker_id},
    statements::{prepared_by, with_arguments},
};

/// What `finalize` sends, in order: a part by which each statement is known, and its arguments as columns of
/// `bench_batches`. `worker` and what is quoted are literals.
const STEPS: &[(&str, &[&str])] = &[
    ("SELECT j.id FROM job_queue", &["job_ids", "lease_nos", "worker"]),
    ("FROM carts c", &["payment_intent_ids"]),
    ("FROM payment_intents pi", &["payment_intent_ids", "cart_ids"]),
    ("INSERT INTO orders", &["order_ids", "order_numbers", "payment_intent_ids"]),
    ("UPDATE inventory i", &["payment_intent_ids", "are_settled"]),
    ("DELETE FROM cart_items", &["payment_intent_ids"]),
    ("UPDATE payment_intents pi", &["payment_intent_ids", "statuses", "reservations", "causes"]),
    (
        "UPDATE review_cases",
        &["'fulfilled'", "'finalize_order'", "'its order was made'", "payment_intent_ids"],
    ),
    ("SET status = 'completed'", &["job_ids", "lease_nos", "worker"]),
];

/// The pgbench script of one batch, with arguments that lie ready in `bench_batches`.
pub(super) async fn script(url: &str, observer: &Client) -> anyhow::Result<String> {
    let statements = statements(url, observer, of_batch).await?;
    Ok(format!(
        "\\set batch :client_id * :laps_each + :lap\n\\set lap :lap + 1\nBEGIN;\n{statements}COMMIT;\n"
    ))
}

/// The statements that `finalize` has just sent inside its transaction, with `value` of each argument in its place.
///
/// # Errors
/// Where `finalize` sends other statements than the replay knows.
pub(crate) async fn statements(
    url: &str,
    observer: &Client,
    value: fn(&str) -> String,
) -> anyhow::Result<String> {
    seed::pay(observer, BATCH).await?;
    let worker_id = worker_id();
    let mut connections = worker_connections(url, 2).await?;
    let [claimer, finalizer] = connections.as_mut_slice() else {
        anyhow::bail!("two connections were asked for");
    };
    let leases = claim(claimer, &worker_id, BATCH).await?;
    finalize_batch(finalizer, &worker_id, &leases).await?;
    let sent = prepared_by(finalizer).await?;
    ensure!(
        sent.len() == STEPS.len(),
        "finalize sends {} statements, the replay knows {}:\n{}",
        sent.len(),
        STEPS.len(),
        sent.join("\n")
    );

    let mut script = String::new();
    for (statement, (part, arguments)) in sent.iter().zip(STEPS) {
        ensure!(statement.contains(part), "finalize sends {statement:?} where the replay expects {part:?}");
        let arguments: Vec<String> = arguments.iter().map(|argument| value(argument)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        script.push_str(&with_arguments(statement, &arguments)?);
        script.push_str(";\n");
    }
    script.push_str("SET CONSTRAINTS ALL IMMEDIATE;\n");
    Ok(script)
}

/// The cast makes an array of it: `ANY ((SELECT …))` would compare with rows.
fn of_batch(argument: &str) -> String {
    let array = match argument {
        "worker" => return "'replay'".to_owned(),
        literal if literal.starts_with('\'') => return literal.to_owned(),
        "job_ids" | "lease_nos" => "bigint[]",
        "cart_ids" | "order_ids" => "uuid[]",
        "are_settled" => "boolean[]",
        _ => "text[]",
    };
    format!("(SELECT {argument} FROM bench_batches WHERE batch = :batch)::{array}")
}
