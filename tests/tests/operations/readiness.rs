//! A service that cannot work says why in one line, at `/readyz` and in its log, and goes on by itself when it can.

use std::{collections::BTreeMap, fs, net::SocketAddr, process::Stdio};

use pipeline_tests::{complete_environment, http_client, run, start};
use reqwest::StatusCode;
use serde_json::Value;
use tempfile::NamedTempFile;
use test_support::TestDatabase;
use tokio::process::Child;

use crate::world::{SERVICES, until};

/// A service that is not part of any pipeline.
struct Started {
    _process: Child,
    address: SocketAddr,
    log: NamedTempFile,
    http: reqwest::Client,
}

impl Started {
    fn new(binary: &str, environment: &BTreeMap<String, String>) -> Self {
        let log = NamedTempFile::new().unwrap();
        let output = Stdio::from(log.reopen().unwrap());
        let (process, address) = start(binary, environment.clone(), output).unwrap();
        Self { _process: process, address, log, http: http_client().unwrap() }
    }

    /// What `/readyz` says, once it answers with this status.
    async fn await_readiness(&self, wanted: StatusCode) -> Value {
        let url = format!("http://{}/readyz", self.address);
        until(&format!("{url} answers {wanted}"), async || {
            let answer = self.http.get(&url).send().await.ok()?;
            let is_wanted = answer.status() == wanted;
            let told = answer.json().await.ok()?;
            is_wanted.then_some(told)
        })
        .await
    }

    /// A line of the log that says this under this key.
    fn told(&self, key: &str, what: &str) -> Option<Value> {
        let log = fs::read_to_string(self.log.path()).unwrap();
        log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|line| line[key] == what)
    }

    /// The line that says why the service is not ready, which must stand in its log too.
    async fn reason(&self) -> String {
        let reason = until("the database probe says why", async || {
            let told = self.await_readiness(StatusCode::SERVICE_UNAVAILABLE).await;
            assert_eq!(told["status"], "not ready");
            let probes = told["probes"].as_array().unwrap();
            let database = probes.iter().find(|probe| probe["name"] == "database").unwrap();
            database["reason"].as_str().map(str::to_owned)
        })
        .await;
        assert_eq!(reason.lines().count(), 1, "{reason}");
        let wanted = format!("database: {reason}");
        until(&format!("the log says `{wanted}`"), async || self.told("reason", &wanted)).await;
        reason
    }
}

/// Starts a service that will not be ready, and returns the line that says why.
pub(crate) async fn reason_of(binary: &str, environment: &BTreeMap<String, String>) -> String {
    Started::new(binary, environment).reason().await
}

#[tokio::test]
async fn a_schema_that_does_not_fit_is_named_and_noticed_when_it_does() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let cases = [
        (
            "ALTER TABLE __diesel_schema_migrations RENAME TO elsewhere",
            "ALTER TABLE elsewhere RENAME TO __diesel_schema_migrations",
            "run `migrate up`",
        ),
        (
            "CREATE TABLE newest AS SELECT * FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1;
             DELETE FROM __diesel_schema_migrations WHERE version IN (SELECT version FROM newest)",
            "INSERT INTO __diesel_schema_migrations SELECT * FROM newest; DROP TABLE newest",
            "the schema is older than this binary",
        ),
        (UNFIT, FIT, "this binary is too old: the schema asks for 99999999999999"),
    ];
    let environment = complete_environment(database.url());
    let services = SERVICES.map(|binary| Started::new(binary, &environment));
    for (break_it, mend_it, says) in cases {
        client.batch_execute(break_it).await.unwrap();
        for service in &services {
            let reason = service.reason().await;
            assert!(reason.contains(says), "`{says}` is not said: {reason}");
        }
        client.batch_execute(mend_it).await.unwrap();
        for service in &services {
            service.await_readiness(StatusCode::OK).await;
        }
    }
}

const UNFIT: &str = "UPDATE schema_compatibility SET minimum_binary_version = '99999999999999'";
const FIT: &str = "UPDATE schema_compatibility SET minimum_binary_version = '00000000000001'";

#[tokio::test]
async fn nothing_is_claimed_or_rescued_in_a_schema_that_does_not_fit() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let jobs = "INSERT INTO job_queue (job_type) VALUES ('finalize_order');
                INSERT INTO job_queue (job_type, status, attempts, lease_no, locked_by, locked_until)
                VALUES ('abandoned', 'processing', 1, 1, 'dead', now() - interval '1 hour')";
    client.batch_execute(&format!("{UNFIT}; {jobs}")).await.unwrap();
    let mut environment = complete_environment(database.url());
    environment.insert("REAPER__INTERVAL_SECONDS".to_owned(), "1".to_owned());
    let worker = Started::new("order-worker", &environment);
    let reaper = Started::new("stale-job-reaper", &environment);
    for (service, key, what) in [(&worker, "what", "claim"), (&reaper, "sweep", "rescue")] {
        until(&format!("{what} was tried and refused"), async || {
            let told = service.told(key, what)?;
            told["error"].as_str().is_some_and(|error| error.contains("this binary is too old")).then_some(())
        })
        .await;
    }
    let read = "SELECT count(*) FROM job_queue
                 WHERE (job_type, status, attempts, crash_count)
                    IN (('finalize_order', 'pending', 0, 0), ('abandoned', 'processing', 1, 0))";
    let untouched: i64 = client.query_one(read, &[]).await.unwrap().get(0);
    assert_eq!(untouched, 2);

    client.batch_execute(FIT).await.unwrap();
    until("both go on by themselves", async || {
        let untouched: i64 = client.query_one(read, &[]).await.unwrap().get(0);
        (untouched == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_away_is_named_without_its_password() {
    let environment = complete_environment("postgres://shop:hidden-password@127.0.0.1:9/shop");
    for binary in SERVICES {
        let reason = reason_of(binary, &environment).await;
        assert!(reason.starts_with("the database cannot be reached: cannot connect: "), "{reason}");
        assert!(!reason.contains("hidden-password"), "{reason}");
    }
}

#[tokio::test]
async fn a_secret_whose_file_is_missing_stops_the_start_and_is_named() {
    let database = TestDatabase::create().await;
    for binary in SERVICES {
        let mut environment = complete_environment(database.url());
        environment.remove("DATABASE_URL");
        environment.insert("DATABASE_URL_FILE".to_owned(), "/nowhere/database-url".to_owned());
        let ended = run(binary, &[], environment).await.unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with("DATABASE_URL_FILE: ") && said.contains("/nowhere/database-url"), "{said}");
    }
}
