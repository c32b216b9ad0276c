use anyhow::{Context, ensure};
use tokio_postgres::Client;

use super::Bought;
use crate::invariants::ensure_none_violated;

const READ: &str = "SELECT
    (SELECT count(*) FROM orders),
    (SELECT count(*) FROM orders o JOIN unnest($1::text[], $2::text[], $3::bigint[])
                                     AS told (payment_intent_id, order_number, amount_minor)
        ON o.payment_intent_id = told.payment_intent_id AND o.order_number = told.order_number
       AND o.total_minor = told.amount_minor AND o.status = 'confirmed'),
    (SELECT count(*) FROM job_queue WHERE status = 'failed'),
    (SELECT count(*) FROM review_cases)";

/// What buyers were told is what the database holds, no more and no less, and no promise is broken.
pub(crate) async fn ensure_told_is_true(observer: &Client, bought: &[Bought]) -> anyhow::Result<()> {
    ensure_told_is_true_of_all_but(observer, bought, 0).await
}

/// The same where so many buyers were sent away at some step: of those some may have paid, and have their orders.
pub(super) async fn ensure_told_is_true_of_all_but(
    observer: &Client,
    bought: &[Bought],
    refused: usize,
) -> anyhow::Result<()> {
    let ids: Vec<&str> = bought.iter().map(|bought| bought.payment_intent_id.as_str()).collect();
    let numbers: Vec<&str> = bought.iter().map(|bought| bought.order_number.as_str()).collect();
    let amounts: Vec<i64> = bought.iter().map(|bought| bought.amount_minor).collect();
    let row = observer.query_one(READ, &[&ids, &numbers, &amounts]).await?;
    let [orders, as_told, failed_jobs, cases] = [0, 1, 2, 3].map(|column| row.get::<_, i64>(column));
    let told = i64::try_from(bought.len()).context("too many purchases")?;
    ensure!(
        (told..=told + i64::try_from(refused)?).contains(&orders) && as_told == told,
        "{told} buyers were told of their orders and {refused} sent away; {orders} orders exist and {as_told} are as told"
    );
    ensure!(failed_jobs == 0 && cases == 0, "{failed_jobs} jobs failed and {cases} review cases opened");
    ensure_none_violated(observer).await
}
