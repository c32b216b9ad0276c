//! A shop that has been open for a month: so many orders, so many jobs.

use anyhow::{Context, ensure};
use tokio_postgres::Client;

const CATALOGUE: &str = include_str!("catalogue.sql");
const PAYMENTS: &str = include_str!("payments.sql");
const JOBS: &str = include_str!("jobs.sql");

const VARIANTS: u64 = 2_000;
/// Rows of one transaction.
const CHUNK: u64 = 20_000;
/// More is a slip of the finger.
const ROWS_MAX: u64 = 20_000_000;
/// Of ten payments nine are orders.
const ORDERS_OF_TEN: u64 = 9;
/// So many open cases at most, whatever the number of payments.
const CASES_ABOUT: u64 = 500;

/// How much a database is filled with.
#[derive(Debug, Clone, Copy)]
pub struct Filling {
    /// Jobs in all, those of the payments among them: at least twice the payments.
    pub jobs: u64,
    pub orders: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    pub payments: u64,
    pub orders: u64,
    pub jobs: u64,
}

/// Fills a migrated database that holds no filling yet, chunk after chunk; every promise of the business holds for what
/// it writes, and nothing of it is due. Needs a superuser: triggers sleep meanwhile.
///
/// # Errors
/// A database that was filled before, a user who is no superuser, or a filling out of bounds.
pub async fn fill(client: &Client, filling: Filling, mut say: impl FnMut(String)) -> anyhow::Result<Filled> {
    let Filling { jobs, orders } = filling;
    // Every tenth payment is none; the last one is.
    let payments = orders + orders.saturating_sub(1) / ORDERS_OF_TEN;
    ensure!(jobs <= ROWS_MAX && orders <= ROWS_MAX, "{ROWS_MAX} rows are the most");
    let read = "SELECT EXISTS (SELECT FROM product_variants WHERE sku = 'FILLED-1'),
        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)";
    let row = client.query_one(read, &[]).await.context("the database is not migrated")?;
    let (is_filled, is_superuser): (bool, bool) = (row.get(0), row.get(1));
    ensure!(!is_filled, "this database was filled before: drop it first");
    ensure!(is_superuser, "filling lets triggers sleep, which takes a superuser");

    let variants = [("{variants}", VARIANTS)];
    client.batch_execute(&with(CATALOGUE, &variants)).await?;
    let cases_every = (payments / CASES_ABOUT / 10).max(1) * 10;
    let of_all = [variants[0], ("{total}", payments), ("{cases_every}", cases_every)];
    for (from, to) in chunks(payments) {
        client
            .batch_execute(&with(PAYMENTS, &[&of_all[..], &[("{from}", from), ("{to}", to)]].concat()))
            .await?;
        say(format!("{to} of {payments} payments"));
    }
    let read = "SELECT (SELECT count(*) FROM job_queue), (SELECT count(*) FROM orders)";
    let row = client.query_one(read, &[]).await?;
    let (of_payments, orders) = (u64::try_from(row.get::<_, i64>(0))?, u64::try_from(row.get::<_, i64>(1))?);
    let more = jobs.saturating_sub(of_payments);
    for (from, to) in chunks(more) {
        client.batch_execute(&with(JOBS, &[("{from}", from), ("{to}", to), ("{total}", more)])).await?;
        say(format!("{} of {jobs} jobs", of_payments + to));
    }
    client.batch_execute("VACUUM (ANALYZE)").await?;
    Ok(Filled { payments, orders, jobs: of_payments + more })
}

fn with(sql: &str, values: &[(&str, u64)]) -> String {
    values.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, &value.to_string()))
}

/// 1 to `count` in pieces.
fn chunks(count: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..count.div_ceil(CHUNK)).map(move |chunk| (chunk * CHUNK + 1, ((chunk + 1) * CHUNK).min(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_number_once() {
        assert_eq!(chunks(0).count(), 0);
        assert_eq!(chunks(45_000).collect::<Vec<_>>(), [(1, 20_000), (20_001, 40_000), (40_001, 45_000)]);
    }
}
