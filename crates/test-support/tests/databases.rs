//! The promises other tests stand on.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use test_support::TestDatabase;

async fn exists(observer: &TestDatabase, url: &str) -> bool {
    let database = url.rsplit('/').next().unwrap_or_default();
    let rows = observer
        .client()
        .await
        .query("SELECT FROM pg_database WHERE datname = $1", &[&database])
        .await
        .expect("pg_database can be read");
    !rows.is_empty()
}

#[tokio::test]
async fn each_test_has_a_migrated_database_of_its_own() {
    let (one, other) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    assert_ne!(one.url(), other.url());
    one.client()
        .await
        .batch_execute("INSERT INTO vendor_profiles (vendor_id, display_name) VALUES ('himal', 'Himal')")
        .await
        .expect("the schema is there");
    let seen = other.client().await.query("SELECT FROM vendor_profiles", &[]).await.expect("here too");
    assert!(seen.is_empty(), "one test sees another's rows");
    one.assert_no_violations().await;
}

#[tokio::test]
async fn a_dropped_database_is_gone_even_while_connections_are_open() {
    let observer = TestDatabase::create().await;
    let dropped = TestDatabase::create().await;
    let url = dropped.url().to_owned();
    let _connected = dropped.client().await;
    assert!(exists(&observer, &url).await);
    drop(dropped);
    assert!(!exists(&observer, &url).await);
}

#[tokio::test]
async fn a_pool_takes_the_role_it_is_asked_for() {
    let database = TestDatabase::create().await;
    let _connected = database.pool_as("order_worker").connection().await.expect("the role exists");
    let refused = database.pool_as("nobody_at_all").connection().await;
    assert!(refused.is_err(), "a role that does not exist was taken");
}
