//! `invariant_check_results`: what the check found broken, and what it found whole again.

use diesel::sql_types::{Array, BigInt, Bool, Double, Text};
use diesel_async::RunQueryDsl;

use crate::{Connection, Error};

/// A promise that has just been found broken, or whole again.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable)]
pub struct Finding {
    pub invariant: String,
    /// The intent, variant or job.
    pub subject: String,
    pub detail: String,
    /// It was listed as broken and is whole.
    pub is_cleared: bool,
}

statement! {
    Check<'a> { payment_intent_ids: &'a [&'a str], variant_ids: &'a [&'a str], job_ids: &'a [i64] } -> (Text, Text, Text, Bool);
    // One statement, so that everything is seen at one moment. What was listed as broken keeps its first_seen_at.
    "WITH broken AS MATERIALIZED ( \
         SELECT DISTINCT ON (invariant, subject) * FROM ( \
             SELECT invariant, 'intent' AS subject_kind, payment_intent_id AS subject, detail FROM intent_violations \
              WHERE payment_intent_id = ANY (" (payment_intent_ids as Array<Text>) ") \
             UNION ALL SELECT invariant, 'variant', variant_id, detail FROM stock_violations \
              WHERE variant_id = ANY (" (variant_ids as Array<Text>) ") \
             UNION ALL SELECT invariant, 'variant', variant_id, detail FROM ledger_violations_since_checkpoint \
              WHERE variant_id = ANY (" (variant_ids as Array<Text>) ") \
             UNION ALL SELECT invariant, 'job', job_id::text COLLATE \"C\", detail FROM job_violations \
              WHERE job_id = ANY (" (job_ids as Array<BigInt>) ") \
         ) AS found ORDER BY invariant, subject \
     ), listed AS ( \
         INSERT INTO invariant_check_results AS r (invariant, subject_kind, subject, detail) \
         SELECT invariant, subject_kind, subject, detail FROM broken \
         ON CONFLICT (invariant, subject) DO UPDATE \
            SET detail = excluded.detail, last_seen_at = now(), cleared_at = NULL, \
                first_seen_at = CASE WHEN r.cleared_at IS NULL THEN r.first_seen_at ELSE now() END \
         RETURNING r.invariant, r.subject, r.detail, r.first_seen_at = now() AS is_new \
     ), cleared AS ( \
         UPDATE invariant_check_results r SET cleared_at = now() \
          WHERE r.cleared_at IS NULL \
            AND CASE r.subject_kind WHEN 'intent' THEN r.subject = ANY (" (payment_intent_ids as Array<Text>) ") \
                                    WHEN 'variant' THEN r.subject = ANY (" (variant_ids as Array<Text>) ") \
                                    ELSE r.subject = ANY (" (job_ids as Array<BigInt>) "::text[]) END \
            AND NOT EXISTS (SELECT FROM broken b WHERE b.invariant = r.invariant AND b.subject = r.subject) \
         RETURNING r.invariant, r.subject, r.detail \
     ) \
     SELECT invariant, subject, detail, false FROM listed WHERE is_new \
     UNION ALL SELECT invariant, subject, detail, true FROM cleared"
}

/// Looks at these subjects, lists what they break and strikes what they break no longer. Returns what is news: broken
/// since now, whole since now.
///
/// Variants are those whose checkpoint is complete.
pub async fn check(
    connection: &mut Connection,
    payment_intent_ids: &[&str],
    variant_ids: &[&str],
    job_ids: &[i64],
) -> Result<Vec<Finding>, Error> {
    Ok(Check { payment_intent_ids, variant_ids, job_ids }.load(connection).await?)
}

statement! {
    CountListed { } -> (Text, BigInt);
    "SELECT invariant, count(*) FROM invariant_check_results WHERE cleared_at IS NULL GROUP BY invariant"
}

/// How many subjects are listed as breaking each promise; promises that hold are absent.
pub async fn count_listed(connection: &mut Connection) -> Result<Vec<(String, i64)>, Error> {
    Ok(CountListed {}.load(connection).await?)
}

statement! {
    Forget { older_than_seconds: f64 } -> BigInt;
    "DELETE FROM invariant_check_results WHERE cleared_at < now() - make_interval(secs => " (older_than_seconds as Double) ")"
}

/// Forgets what was found whole again longer ago than the bound.
pub async fn forget_cleared_if_older_than(
    connection: &mut Connection,
    older_than_seconds: f64,
) -> Result<usize, Error> {
    Ok(Forget { older_than_seconds }.execute(connection).await?)
}
