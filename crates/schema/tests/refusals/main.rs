//! What the database refuses, constraint by constraint: every one with a name of ours has a case here.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cases;

use std::collections::BTreeSet;

use test_support::TestDatabase;
use tokio_postgres::Client;

/// One shop with one open eSewa intent (`…a`), one completed one (`…b`) with its order, and a job.
const SHOP: &str = include_str!("shop.sql");

/// Runs one statement (and the deferred checks after it) in a transaction of its own and returns the name of
/// the constraint that refused it.
async fn refused_by(client: &Client, sql: &str) -> String {
    client.batch_execute("BEGIN").await.expect("a transaction begins");
    let refusal = client.batch_execute(&format!("{sql}; SET CONSTRAINTS ALL IMMEDIATE")).await;
    client.batch_execute("ROLLBACK").await.expect("a transaction is rolled back");
    match refusal {
        Ok(()) => "nothing".to_owned(),
        Err(error) => match error.as_db_error() {
            Some(refusal) => refusal.constraint().unwrap_or(refusal.message()).to_owned(),
            None => panic!("{sql}: {error}"),
        },
    }
}

#[tokio::test]
async fn every_wrong_write_is_refused_by_the_constraint_that_names_it() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    client.batch_execute(SHOP).await.expect("the shop opens");
    database.assert_no_violations().await;
    let mut wrong = Vec::new();
    for (constraint, sql) in cases::all() {
        let refused_by = refused_by(&client, sql).await;
        if refused_by != *constraint {
            wrong.push(format!("{constraint}: refused by {refused_by}: {sql}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Names of ours: CHECK, UNIQUE and FOREIGN KEY constraints, keys with a name, unique indexes, and the names that triggers refuse in.
const NAMED: &str = "
    SELECT conname::text FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace
       AND (contype IN ('c', 'u', 'f') OR contype = 'p' AND conname NOT LIKE '%\\_pkey')
    UNION SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND i.indpred IS NOT NULL
    UNION SELECT rtrim(encode(tgargs, 'escape'), '\\000') FROM pg_trigger WHERE NOT tgisinternal AND tgnargs = 1
    UNION SELECT (regexp_matches(prosrc, 'CONSTRAINT = ''(\\w+)''', 'g'))[1] FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace";

#[tokio::test]
async fn no_named_constraint_is_without_a_case() {
    let database = TestDatabase::create().await;
    let rows = database.client().await.query(NAMED, &[]).await.expect("the catalogue can be read");
    let named: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let tested: BTreeSet<String> = cases::all().map(|(name, _)| (*name).to_owned()).collect();
    let untested: Vec<_> = named.difference(&tested).collect();
    assert!(untested.is_empty(), "without a case: {untested:?}");
}

#[tokio::test]
async fn every_table_and_column_says_what_it_is() {
    let database = TestDatabase::create().await;
    let silent = "
        SELECT c.relname::text || coalesce('.' || a.attname::text, '') FROM pg_class c
          LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname <> '__diesel_schema_migrations'
           AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)";
    let rows = database.client().await.query(silent, &[]).await.expect("the catalogue can be read");
    let silent: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(silent.is_empty(), "without a COMMENT: {silent:?}");
}

#[tokio::test]
async fn functions_run_as_their_caller_with_a_fixed_path_and_are_not_public() {
    let database = TestDatabase::create().await;
    let open = "
        SELECT proname::text FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace
           AND (prosecdef OR NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, public, pg_temp%', false)
                OR proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))";
    let rows = database.client().await.query(open, &[]).await.expect("the catalogue can be read");
    let open: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(open.is_empty(), "open functions: {open:?}");
}

#[tokio::test]
async fn the_address_is_readable_to_checkout_and_worker_only() {
    let database = TestDatabase::create().await;
    let readers = "
        SELECT r.rolname::text || ' reads ' || t.name FROM pg_roles r, (VALUES ('payment_intents'), ('orders')) AS t (name)
         WHERE r.rolname IN ('checkout_api', 'payment_callback', 'order_worker', 'stale_job_reaper', 'admin_console',
                             'catalogue_keeper')
           AND has_column_privilege(r.oid, t.name::regclass, 'shipping_address', 'SELECT') ORDER BY 1";
    let rows = database.client().await.query(readers, &[]).await.expect("the catalogue can be read");
    let readers: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        readers,
        [
            "checkout_api reads orders",
            "checkout_api reads payment_intents",
            "order_worker reads orders",
            "order_worker reads payment_intents"
        ]
    );
}

#[tokio::test]
async fn movements_follow_every_way_of_changing_stock() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    client.batch_execute(SHOP).await.expect("the shop opens");
    client.batch_execute("SELECT set_stock('tea', 40, 'counted')").await.expect("stock is set");
    client.batch_execute("SELECT set_stock('tea', 40, 'counted again')").await.expect("nothing changes");
    let reasons = "SELECT reason FROM inventory_movements WHERE variant_id = 'tea' AND payment_intent_id IS NULL ORDER BY id";
    let rows = client.query(reasons, &[]).await.expect("movements can be read");
    let reasons: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(reasons, ["opening", "counted"]);
    database.assert_no_violations().await;
}
