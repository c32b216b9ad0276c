//! Settings that are missing or wrong stop a start, with one line that names the variable.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, TcpListener},
};

use pipeline_tests::{complete_environment, run};
use test_support::TestDatabase;

const SERVICES: [&str; 5] =
    ["checkout-api", "payment-callback", "order-worker", "stale-job-reaper", "admin-console"];
const EXIT_STATUS: i32 = 2;

async fn assert_refused(binary: &str, environment: BTreeMap<String, String>, variable: &str) {
    let ended = run(binary, &[], environment).await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(EXIT_STATUS), "{binary} without a good {variable}: {said}");
    assert_eq!(said.lines().count(), 1, "{binary}: {said}");
    assert!(said.starts_with(variable), "{binary} names another variable than {variable}: {said}");
}

fn without(environment: &BTreeMap<String, String>, variable: &str) -> BTreeMap<String, String> {
    let mut environment = environment.clone();
    environment.remove(variable).unwrap();
    environment
}

fn with(environment: &BTreeMap<String, String>, variable: &str, value: &str) -> BTreeMap<String, String> {
    let mut environment = environment.clone();
    environment.insert(variable.to_owned(), value.to_owned());
    environment
}

#[tokio::test]
async fn a_missing_setting_stops_every_service_that_needs_it() {
    let database = TestDatabase::create().await;
    let complete = complete_environment(database.url());
    let gateways = ["checkout-api", "payment-callback", "order-worker"];
    let required: [(&str, &[&str]); 6] = [
        ("DATABASE_URL", &SERVICES),
        ("AUTH__JWKS_URL", &["checkout-api", "admin-console"]),
        ("AUTH__ISSUER", &["checkout-api", "admin-console"]),
        ("AUTH__AUDIENCE", &["checkout-api", "admin-console"]),
        ("CALLBACK__PUBLIC_URL", &["checkout-api"]),
        ("ESEWA__SECRET_KEY", &gateways),
    ];
    for (variable, binaries) in required {
        for binary in binaries {
            let named = if variable == "AUTH__JWKS_URL" { "AUTH__" } else { variable };
            assert_refused(binary, without(&complete, variable), named).await;
        }
    }
}

#[tokio::test]
async fn a_wrong_setting_stops_every_service_whether_it_uses_it_or_not() {
    let database = TestDatabase::create().await;
    let complete = complete_environment(database.url());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let wrong = [
        ("HTTP__ADDR", taken.as_str()),
        ("DATABASE_URL", "mysql://nowhere/shop"),
        ("DATABASE__POOL_MAX", "0"),
        ("HTTP__ADDR", "everywhere"),
        ("AUTH__JWKS_URL", "keys.example"),
        ("ADMIN__AUDIENCE", "storefront"),
        ("RECONCILE__SCHEDULE_SECONDS", "5,3"),
        ("WORKER__LEASE_SECONDS", "soon"),
        ("WORKER__LEASES_SECONDS", "3"),
        ("APP_ENV", "staging"),
    ];
    for (variable, value) in wrong {
        for binary in SERVICES {
            assert_refused(binary, with(&complete, variable, value), variable).await;
        }
    }
}

#[tokio::test]
async fn production_refuses_the_public_credentials_of_sandboxes() {
    let database = TestDatabase::create().await;
    let production = with(&complete_environment(database.url()), "APP_ENV", "production");
    for binary in ["checkout-api", "payment-callback", "order-worker"] {
        assert_refused(binary, production.clone(), "ESEWA__").await;
    }
}
