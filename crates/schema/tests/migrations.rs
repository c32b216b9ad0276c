//! `schema.rs` says what the migrations make, and every migration can be taken back.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use schema::{migrations, print};
use test_support::TestDatabase;

/// Everything in the schema that has a name of ours.
const NAMES: &str = "
    SELECT 'relation ' || relkind::text || ' ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'grant ' || relname || ' ' || relacl::text FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relacl IS NOT NULL
    ORDER BY 1";

async fn names(database: &TestDatabase) -> Vec<String> {
    let rows = database.client().await.query(NAMES, &[]).await.expect("the catalogue can be read");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn schema_rs_is_what_the_migrations_make() {
    let database = TestDatabase::create().await;
    let mut connection = database.pool().connection().await.expect("the database is there");
    let printed = print::schema(&mut connection).await.expect("the schema can be printed");
    let committed = include_str!("../src/schema.rs");
    assert!(
        printed == committed,
        "schema.rs differs from the migrations; write it anew with `migrate print-schema`:\n{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_up_down_and_up_again() {
    let database = TestDatabase::create().await;
    let before = names(&database).await;

    migrations::down_all(database.url()).await.expect("every migration can be taken back");
    let left: Vec<String> = names(&database)
        .await
        .into_iter()
        .filter(|name| !name.contains("__diesel_schema_migrations"))
        .collect();
    assert!(left.is_empty(), "left behind by down.sql:\n{}", left.join("\n"));

    migrations::up(database.url()).await.expect("and made again");
    assert_eq!(before, names(&database).await);
}
