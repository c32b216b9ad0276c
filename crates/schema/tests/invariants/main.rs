//! Each arm of `invariant_violations` finds the one row that breaks its promise, and nothing else.
//!
//! A case takes out, in a transaction of its own, the constraints that stand in the way, commits the breach and looks.

mod cases;

use std::collections::BTreeSet;

use test_support::TestDatabase;

const SHOP: &str = include_str!("../refusals/shop.sql");

#[tokio::test]
async fn each_broken_promise_is_found_and_nothing_else() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    client.batch_execute(SHOP).await.expect("the shop opens");
    let mut wrong = Vec::new();
    for case in cases::CASES {
        client.batch_execute("BEGIN").await.expect("a transaction begins");
        client.batch_execute(case.breach).await.unwrap_or_else(|error| {
            panic!(
                "{}: {}",
                case.invariant,
                error.as_db_error().map_or(error.to_string(), ToString::to_string)
            )
        });
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

#[tokio::test]
async fn no_promise_is_without_a_case() {
    let database = TestDatabase::create().await;
    let arms = "SELECT (regexp_matches(pg_get_viewdef('invariant_violations'), '''(\\w+)''::text AS invariant|SELECT ''(\\w+)''::text', 'g'))";
    let rows = database.client().await.query(arms, &[]).await.expect("the view's text can be read");
    let promised: BTreeSet<String> = rows
        .iter()
        .filter_map(|row| row.get::<_, Vec<Option<String>>>(0).into_iter().flatten().next())
        .collect();
    assert!(promised.len() > 20, "{promised:?}");
    let tested: BTreeSet<String> = cases::CASES.iter().map(|case| case.invariant.to_owned()).collect();
    assert_eq!(promised, tested);
}
