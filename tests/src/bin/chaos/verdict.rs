//! Whether everything is as it must be, once nothing moves any more.

use anyhow::ensure;
use pipeline_tests::{Differences, SandboxControl, compare_books};
use tokio_postgres::Client;

use crate::told::{Told, ToldIntent, may_follow};

/// The grace inside `invariant_violations`, as Postgres prints it.
const GRACE: &str = "'00:01:00'::interval";
const NO_GRACE: &str = "'00:00:00'::interval";

/// Those that `invariant_violations` is made of come before it, as they were made before it.
const VIEWS: &str = "
    SELECT relname::text, pg_get_viewdef(oid) FROM pg_class
     WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace AND relname LIKE '%violations' ORDER BY oid";

/// Counts that the stock must have, from the orders and intents themselves.
const STOCK: &str = "
    WITH sold AS (SELECT variant_id, sum(quantity) AS units FROM order_items GROUP BY variant_id),
         held AS (SELECT variant_id, sum(quantity) AS units
                    FROM payment_intent_items JOIN payment_intents USING (payment_intent_id)
                   WHERE reservation = 'held' GROUP BY variant_id),
         opened AS (SELECT DISTINCT ON (variant_id) variant_id, available_delta AS units
                      FROM inventory_movements ORDER BY variant_id, id)
    SELECT format('%s: available %s, reserved %s, sold %s; opened with %s, orders hold %s, intents %s', i.variant_id,
                  i.available, i.reserved, i.sold, o.units, coalesce(s.units, 0), coalesce(h.units, 0))
      FROM inventory i JOIN opened o USING (variant_id) LEFT JOIN sold s USING (variant_id) LEFT JOIN held h USING (variant_id)
     WHERE i.sold <> coalesce(s.units, 0) OR i.reserved <> coalesce(h.units, 0)
        OR i.available + i.reserved + i.sold <> o.units OR least(i.available, i.reserved, i.sold) < 0";

const INTENTS: &str = "
    SELECT pi.payment_intent_id, pi.user_id, pi.provider, coalesce(pi.gateway_reference, ''), pi.amount_minor,
           CASE pi.status WHEN 'created' THEN 'awaiting_payment' WHEN 'superseded' THEN 'expired'
                          WHEN 'verified' THEN 'paid' WHEN 'completed' THEN 'confirmed' ELSE pi.status END,
           o.order_number
      FROM payment_intents pi LEFT JOIN orders o USING (payment_intent_id)";

/// What is wrong, by the check that found it.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) violations: Vec<String>,
    pub(crate) books: Differences,
    pub(crate) stock: Vec<String>,
    /// What clients were told and is not so, and what they should not have been told.
    pub(crate) told: Vec<String>,
}

impl Verdict {
    /// # Errors
    /// Where database or sandbox cannot be asked.
    pub(crate) async fn find(rows: &Client, sandbox: &SandboxControl, told: &Told) -> anyhow::Result<Self> {
        let stock = rows.query(STOCK, &[]).await?.iter().map(|row| row.get(0)).collect();
        Ok(Self {
            violations: violations(rows).await?,
            books: compare_books(rows, sandbox, &[]).await?,
            stock,
            told: untrue(rows, told).await?,
        })
    }

    /// Every finding under the name of its check.
    pub(crate) fn findings(&self) -> [(&'static str, &[String]); 7] {
        let Self { violations, books, stock, told } = self;
        let Differences { missing, duplicate, mismatching, invented } = books;
        [
            ("invariants", violations),
            ("missing", missing),
            ("duplicate", duplicate),
            ("mismatching", mismatching),
            ("invented", invented),
            ("stock", stock),
            ("told", told),
        ]
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.findings().iter().all(|(_, found)| found.is_empty())
    }
}

/// The rows of `invariant_violations` without its grace, for at rest nothing is on its way any more: the same views,
/// made again under the same names for this session alone, with the interval set to nothing.
async fn violations(rows: &Client) -> anyhow::Result<Vec<String>> {
    let views = rows.query(VIEWS, &[]).await?;
    let views: Vec<(String, String)> = views.iter().map(|row| (row.get(0), row.get(1))).collect();
    ensure!(
        views.iter().any(|(_, text)| text.contains(GRACE)),
        "no view of violations has a grace of 60 s any more; say here what they have"
    );
    for (name, text) in &views {
        let strict = text.replace(GRACE, NO_GRACE);
        rows.batch_execute(&format!("CREATE OR REPLACE TEMPORARY VIEW {name} AS {strict}")).await?;
    }
    let read = "SELECT format('%s: %s: %s', invariant, subject, detail) FROM pg_temp.invariant_violations";
    Ok(rows.query(read, &[]).await?.iter().map(|row| row.get(0)).collect())
}

/// What clients complain about, now that what they were told can be compared with what came of it.
async fn untrue(rows: &Client, told: &Told) -> anyhow::Result<Vec<String>> {
    let mut complaints = told.complaints();
    let mut told = told.intents();
    for row in rows.query(INTENTS, &[]).await? {
        let id: String = row.get(0);
        let Some(heard) = told.remove(&id) else { continue };
        let is = ToldIntent {
            user_id: row.get(1),
            provider: heard.provider,
            gateway_reference: row.get(3),
            amount_minor: row.get(4),
            status: row.get(5),
            order_number: row.get(6),
        };
        let provider: String = row.get(2);
        complaints.extend(difference(&id, &heard, &is, &provider));
    }
    complaints.extend(told.keys().map(|id| format!("{id}: answered 201, and there is no such intent")));
    Ok(complaints)
}

fn difference(id: &str, heard: &ToldIntent, is: &ToldIntent, provider: &str) -> Option<String> {
    let is_same_intent = heard.user_id == is.user_id
        && heard.provider == provider
        && heard.gateway_reference == is.gateway_reference
        && heard.amount_minor == is.amount_minor;
    if !is_same_intent {
        return Some(format!("{id}: answered 201 about {heard:?}, stored as {is:?} of {provider}"));
    }
    if heard.order_number.is_some() && heard.order_number != is.order_number {
        return Some(format!("{id}: told {:?}, ordered {:?}", heard.order_number, is.order_number));
    }
    match (heard.status.as_deref(), is.status.as_deref()) {
        (Some(before), Some(now)) if !may_follow(before, now) => {
            Some(format!("{id}: last told {before}, and it is {now}"))
        }
        _ => None,
    }
}
