//! The benchmark drops databases: it must know its own.

use std::{
    io,
    process::{Command, Output},
};

use test_support::TestDatabase;

fn bench_on(database_url: &str) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--only", "queue"])
        .env("DATABASE_URL", database_url)
        .output()
}

#[tokio::test]
async fn a_database_that_is_not_the_benchmarks_own_is_refused_and_left_as_it_was() {
    let database = TestDatabase::create().await;
    let output = bench_on(database.url()).expect("the benchmark can be run");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "the benchmark ran on somebody else's database: {complaint}");
    assert!(complaint.contains("refused: this database is not the benchmark's own"), "{complaint}");
    let read = "SELECT to_regclass('public.bench_owner') IS NULL";
    let is_unmarked: bool = database.client().await.query_one(read, &[]).await.expect("a row").get(0);
    assert!(is_unmarked, "the benchmark marked somebody else's database");
}

#[test]
fn a_server_on_another_machine_is_refused() {
    let output = bench_on("postgres://postgres@database.invalid/pipeline").expect("the benchmark can be run");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{complaint}");
    assert!(complaint.contains("not on this machine"), "{complaint}");
}
