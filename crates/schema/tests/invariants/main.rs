//! Each arm of `invariant_violations` finds the one row that breaks its promise, and nothing else; docs/invariants.md
//! and the names that the reaper exports are in step with it.
//!
//! A case takes out, in a transaction of its own, the constraints that stand in the way, commits the breach and looks.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod cases;
mod money;
mod orders;
mod work;

use std::collections::BTreeSet;

use cases::Case;
use diesel_async::SimpleAsyncConnection;
use schema::{
    Connection, PoolSettings, pool,
    queries::invariants::{INVARIANTS, checkpoints, findings, progress},
};
use test_support::TestDatabase;

const SHOP: &str = include_str!("../refusals/shop.sql");
const TABLE: &str = include_str!("../../../../docs/invariants.md");

fn all_cases() -> impl Iterator<Item = &'static Case> {
    money::CASES.iter().chain(orders::CASES).chain(work::CASES)
}

#[tokio::test]
async fn each_broken_promise_is_found_and_nothing_else() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    client.batch_execute(SHOP).await.expect("the shop opens");
    database.assert_no_violations().await;
    let mut wrong = Vec::new();
    for case in all_cases() {
        client.batch_execute("BEGIN").await.expect("a transaction begins");
        if let Err(error) = client.batch_execute(&cases::spelled_out(case.breach)).await {
            let refusal = error.as_db_error().map_or(error.to_string(), ToString::to_string);
            wrong.push(format!("{}: cannot be broken: {refusal}", case.invariant));
            client.batch_execute("ROLLBACK").await.expect("a transaction is rolled back");
            continue;
        }
        let rows = client
            .query("SELECT invariant, subject FROM invariant_violations", &[])
            .await
            .expect("the view answers");
        let found: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        client.batch_execute("ROLLBACK").await.expect("a transaction is rolled back");
        if found != [(case.invariant.to_owned(), case.subject.to_owned())] {
            wrong.push(format!("{} of {}: found {found:?}", case.invariant, case.subject));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The statement of the reaper's check, asked about the shop's subjects, finds what the view finds.
#[tokio::test]
async fn the_check_of_single_subjects_finds_the_same() {
    let database = TestDatabase::create().await;
    database.client().await.batch_execute(SHOP).await.expect("the shop opens");
    let settings =
        PoolSettings { url: database.url().to_owned(), role: None, application_name: "test", size_max: 1 };
    let mut connection = pool::connect(&settings).await.expect("the database is there");
    let mut wrong = Vec::new();
    for case in all_cases() {
        connection.batch_execute("BEGIN").await.expect("a transaction begins");
        connection.batch_execute(&cases::spelled_out(case.breach)).await.expect("the promise can be broken");
        let found = check(&mut connection).await.expect("the check runs");
        let again = check(&mut connection).await.expect("the check runs");
        connection.batch_execute("ROLLBACK").await.expect("a transaction is rolled back");
        let news: Vec<(&str, &str, bool)> = found
            .iter()
            .map(|finding| (finding.invariant.as_str(), finding.subject.as_str(), finding.is_cleared))
            .collect();
        if news != [(case.invariant, case.subject, false)] || again.iter().any(|finding| finding.is_cleared) {
            wrong.push(format!("{} of {}: found {found:?}, then {again:?}", case.invariant, case.subject));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn check(connection: &mut Connection) -> Result<Vec<findings::Finding>, schema::Error> {
    progress::plan_for_any_keys(connection).await?;
    let complete = checkpoints::advance(connection, &["tea", "tin"], 1_000).await?;
    let variants: Vec<&str> = complete.iter().map(String::as_str).collect();
    findings::check(connection, &[cases::OPEN, cases::ORDERED], &variants, &[1]).await
}

/// The names of the view's arms.
async fn promised() -> BTreeSet<String> {
    let database = TestDatabase::create().await;
    let arms = "SELECT (regexp_matches(pg_get_viewdef(part), 'SELECT ''(\\w+)''::text', 'g'))[1]
        FROM unnest('{intent_violations,stock_violations,ledger_violations,job_violations}'::regclass[]) AS part";
    let rows = database.client().await.query(arms, &[]).await.expect("the views' text can be read");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn no_promise_is_without_a_case() {
    let promised = promised().await;
    assert!(promised.len() > 45, "{promised:?}");
    let tested: BTreeSet<String> = all_cases().map(|case| case.invariant.to_owned()).collect();
    assert_eq!(promised, tested);
}

#[tokio::test]
async fn the_documented_arms_and_the_exported_names_are_those_of_the_view() {
    let promised = promised().await;
    let rows = TABLE.lines().filter(|line| line.starts_with("| INV-") || line.starts_with("| – "));
    let arms = rows.flat_map(|row| row.rsplit('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2));
    let documented: BTreeSet<String> = arms.map(str::to_owned).collect();
    assert_eq!(documented, promised, "docs/invariants.md");
    let exported: BTreeSet<String> = INVARIANTS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(exported, promised, "INVARIANTS");
}
