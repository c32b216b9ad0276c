//! What the promoted node holds, beside what was acknowledged and what the gateways' books say.

use std::{
    collections::HashMap,
    fmt::{self, Write},
};

use anyhow::Context;
use pipeline_tests::{Differences, Pipeline, compare_books};
use tokio::time::Instant;

use crate::{callbacks::Acknowledged, cluster::Cluster};

const KEPT: &str = "
    SELECT pi.payment_intent_id, (SELECT count(*) FROM payment_callbacks c WHERE c.payment_intent_id = pi.payment_intent_id),
           (SELECT count(*) FROM orders o WHERE o.payment_intent_id = pi.payment_intent_id)
      FROM payment_intents pi";
const VIOLATIONS: &str = "SELECT format('%s: %s: %s', invariant, subject, detail) FROM invariant_violations";

#[derive(Debug)]
pub(crate) struct Findings {
    acknowledged: usize,
    found: Vec<String>,
}

/// # Errors
/// Where a side cannot be read.
pub(crate) async fn find(
    cluster: &Cluster,
    pipeline: &Pipeline,
    acknowledged: &[Acknowledged],
    died: Instant,
) -> anyhow::Result<Findings> {
    let rows = cluster.connect().await?;
    let kept: HashMap<String, (i64, i64)> =
        rows.query(KEPT, &[]).await?.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    let mut found = Vec::new();
    for callback in acknowledged {
        let id = &callback.payment_intent_id;
        let when = if callback.at <= died { "before" } else { "after" };
        let (callbacks, orders) = kept.get(id).copied().unwrap_or_default();
        if callbacks == 0 {
            found.push(format!("{id}: its callback, acknowledged {when} the leader died, is lost"));
        }
        if orders != 1 {
            found.push(format!("{id}: acknowledged {when} the leader died, and {orders} orders"));
        }
    }
    let violations = rows.query(VIOLATIONS, &[]).await?;
    found.extend(violations.iter().map(|row| row.get(0)));
    let books =
        compare_books(&rows, &pipeline.sandbox(), &[]).await.context("the books cannot be compared")?;
    let Differences { missing, duplicate, mismatching, invented } = books;
    found.extend([missing, duplicate, mismatching, invented].into_iter().flatten());
    Ok(Findings { acknowledged: acknowledged.len(), found })
}

impl Findings {
    pub(crate) fn is_clean(&self) -> bool {
        self.found.is_empty()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, found } = self;
        if found.is_empty() {
            return write!(
                formatter,
                "every one of the {acknowledged} acknowledged callbacks is there and became one order; nothing is violated, \
                 and the gateways' books agree"
            );
        }
        formatter.write_str("FOUND:")?;
        found
            .iter()
            .try_for_each(|finding| formatter.write_char('\n').and_then(|()| formatter.write_str(finding)))
    }
}
