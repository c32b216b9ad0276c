//! Every line a person can be stopped by, and the documents that explain the settings.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails by panicking")]

use std::{collections::HashMap, fs, time::Duration};

use secrecy::ExposeSecret;
use service_kit::settings::{Settings, SettingsError, TokenKeys, documented_variables};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Enough for every service.
const COMPLETE: &[(&str, &str)] = &[
    ("DATABASE_URL", "postgres://shop@localhost/shop"),
    ("AUTH__JWT_SECRET", SECRET),
    ("AUTH__ISSUER", "https://id.example"),
    ("AUTH__AUDIENCE", "shop"),
    ("ADMIN__AUDIENCE", "console"),
    ("CALLBACK__PUBLIC_URL", "https://pay.shop.example/"),
    ("STOREFRONT__URL", "https://shop.example"),
    ("ESEWA__PRODUCT_CODE", "SHOP"),
    ("ESEWA__SECRET_KEY", "esewa-key"),
    ("ESEWA__FORM_URL", "https://epay.esewa.com.np/api/epay/main/v2/form"),
    ("ESEWA__STATUS_URL", "https://epay.esewa.com.np/api/epay/transaction/status/"),
    ("KHALTI__SECRET_KEY", "khalti-key"),
    ("KHALTI__BASE_URL", "https://khalti.com/api/v2"),
];

fn environment(changes: &[(&str, &str)]) -> HashMap<String, String> {
    let pairs = COMPLETE.iter().chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}

fn settings(changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::from_sources(environment(changes), None)
}

/// The line that stops every service.
fn refused(changes: &[(&str, &str)]) -> String {
    let line = settings(changes).expect_err("these settings must stop the start").to_string();
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

#[test]
fn defaults_are_the_documented_ones() {
    let settings = settings(&[]).unwrap();
    let worker = settings.worker().unwrap();
    assert_eq!(worker.lease, Duration::from_secs(15));
    assert_eq!(worker.shutdown_grace, Duration::from_secs(10));
    assert_eq!(worker.poll_interval, Duration::from_secs(1));
    assert_eq!(worker.concurrency, 8);
    assert_eq!(settings.checkout().unwrap().intent_ttl, Duration::from_secs(1800));
    assert_eq!(settings.job().unwrap().max_attempts, 20);
    assert_eq!(settings.reaper().unwrap().retention_days, 30);
    assert_eq!(settings.rate_limit_per_client_per_second().unwrap(), None);
    assert_eq!(settings.database().unwrap().pool_max, 10);
    let reconcile = settings.reconcile().unwrap();
    assert_eq!(
        reconcile.schedule.iter().map(Duration::as_secs).collect::<Vec<_>>(),
        [60, 180, 300, 600, 1200, 2400]
    );
    assert_eq!(reconcile.give_up, Duration::from_secs(86400));
    let gateways = settings.gateways().unwrap();
    assert_eq!(gateways.timeout, Duration::from_secs(10));
    assert_eq!(gateways.esewa.unwrap().not_found_grace, Duration::from_secs(900));
    let khalti = gateways.khalti.unwrap();
    assert_eq!(khalti.base_url.as_str(), "https://khalti.com/api/v2/");
    assert_eq!(khalti.refund_url.as_str(), "https://khalti.com/api/merchant-transaction/");
    assert_eq!(settings.callback_public_url().unwrap(), "https://pay.shop.example");
    assert!(matches!(settings.auth().unwrap().keys, TokenKeys::SharedSecret(_)));
    assert_eq!(settings.http(([127, 0, 0, 1], 8081).into()).unwrap().addr.port(), 8081);
}

#[test]
fn wrong_values_stop_every_service_with_one_line_naming_the_variable() {
    for (name, value, line) in [
        ("APP_ENV", "staging", "APP_ENV: must be `development` or `production`"),
        ("DATABASE_URL", "mysql://x", "DATABASE_URL: must be a postgres:// URL"),
        ("DATABASE__POOL_MAX", "many", "DATABASE__POOL_MAX: `many` is not a whole number"),
        ("DATABASE__POOL_MAX", "0", "DATABASE__POOL_MAX: must be from 1 to 1000"),
        ("HTTP__ADDR", "8080", "HTTP__ADDR: `8080` is not an address such as 0.0.0.0:8080"),
        (
            "HTTP__TRUSTED_PROXIES",
            "10.0.0.0/33",
            "HTTP__TRUSTED_PROXIES: `10.0.0.0/33` is neither an address",
        ),
        ("AUTH__JWT_SECRET", "short", "AUTH__JWT_SECRET: must be at least 32 bytes"),
        ("AUTH__JWKS_URL", "https://id.example/keys", "AUTH__JWKS_URL: AUTH__JWT_SECRET is set as well"),
        ("ADMIN__AUDIENCE", "shop", "ADMIN__AUDIENCE: must differ from AUTH__AUDIENCE"),
        (
            "RATE_LIMIT__PER_CLIENT_PER_SECOND",
            "-1",
            "RATE_LIMIT__PER_CLIENT_PER_SECOND: `-1` is not a whole number",
        ),
        ("CHECKOUT__INTENT_TTL_SECONDS", "0", "CHECKOUT__INTENT_TTL_SECONDS: must be above 0"),
        ("CHECKOUT__INTENT_TTL_SECONDS", "NaN", "CHECKOUT__INTENT_TTL_SECONDS: must be above 0"),
        (
            "CHECKOUT__ALLOWED_ORIGINS",
            "https://shop.example/",
            "CHECKOUT__ALLOWED_ORIGINS: `https://shop.example/` is",
        ),
        ("CHECKOUT__ALLOWED_ORIGINS", "*", "CHECKOUT__ALLOWED_ORIGINS: `*` is not an origin"),
        ("CALLBACK__PUBLIC_URL", "pay.example", "CALLBACK__PUBLIC_URL: is not a URL"),
        ("STOREFRONT__URL", "ftp://shop.example", "STOREFRONT__URL: must be an http:// or https:// URL"),
        ("ESEWA__NOT_FOUND_GRACE_SECONDS", "soon", "ESEWA__NOT_FOUND_GRACE_SECONDS: `soon` is not a number"),
        ("GATEWAY__TIMEOUT_MS", "0", "GATEWAY__TIMEOUT_MS: must be from 1 to 120000"),
        ("RECONCILE__SCHEDULE_SECONDS", "60,60", "RECONCILE__SCHEDULE_SECONDS: must ascend"),
        ("RECONCILE__SCHEDULE_SECONDS", ",", "RECONCILE__SCHEDULE_SECONDS: must list 1 to 100 ages"),
        (
            "WORKER__SHUTDOWN_GRACE_SECONDS",
            "15",
            "WORKER__LEASE_SECONDS: must be greater than WORKER__SHUTDOWN_GRACE",
        ),
        ("WORKER__POLL_INTERVAL_MS", "1.5", "WORKER__POLL_INTERVAL_MS: `1.5` is not a whole number"),
        ("WORKER__LEESE_SECONDS", "15", "WORKER__LEESE_SECONDS: is not a setting"),
        ("WORKER__LEASE_SECONDS__X", "15", "WORKER__LEASE_SECONDS: is not a setting"),
        ("JOB__MAX_ATTEMPTS", "0", "JOB__MAX_ATTEMPTS: must be from 1 to 10000"),
        ("REAPER__RETENTION_DAYS", "0", "REAPER__RETENTION_DAYS: must be from 1 to 3650"),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "grpc",
            "OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is spoken here",
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_ENDPOINT: is not a URL"),
        ("RUST_LOG", "info,=?", "RUST_LOG: "),
    ] {
        let stopped = refused(&[(name, value)]);
        assert!(stopped.starts_with(line), "{name}={value}: {stopped}");
    }
}

#[test]
fn missing_settings_stop_only_those_who_need_them() {
    let bare = Settings::from_sources(HashMap::new(), None).unwrap();
    let needed = [
        bare.database().map(drop),
        bare.auth().map(drop),
        bare.callback_public_url().map(drop),
        bare.require_storefront_url().map(drop),
        bare.gateways().map(drop),
    ];
    let lines: Vec<String> = needed.into_iter().map(|outcome| outcome.unwrap_err().to_string()).collect();
    assert_eq!(
        lines,
        [
            "DATABASE_URL: is required",
            "AUTH__JWT_SECRET: or AUTH__JWKS_URL is required",
            "CALLBACK__PUBLIC_URL: is required",
            "STOREFRONT__URL: is required",
            "ESEWA__PRODUCT_CODE: or KHALTI__SECRET_KEY is required: at least one gateway must be on",
        ]
    );
}

#[test]
fn half_a_gateway_names_its_other_half() {
    for missing in ["ESEWA__PRODUCT_CODE", "ESEWA__SECRET_KEY", "ESEWA__FORM_URL", "ESEWA__STATUS_URL"] {
        let error = settings(&[(missing, "")]).unwrap().gateways().unwrap_err();
        assert_eq!(error.to_string(), format!("{missing}: is required"));
    }
    for missing in ["KHALTI__SECRET_KEY", "KHALTI__BASE_URL"] {
        assert_eq!(settings(&[(missing, "")]).unwrap().gateways().unwrap_err().variable(), missing);
    }
}

#[test]
fn a_gateway_without_settings_is_off() {
    let gateways =
        settings(&[("KHALTI__SECRET_KEY", ""), ("KHALTI__BASE_URL", "")]).unwrap().gateways().unwrap();
    assert!(gateways.khalti.is_none() && gateways.esewa.is_some());
}

#[test]
fn production_refuses_sandboxes_and_shared_secret_operators() {
    let production = |name, value| refused(&[("APP_ENV", "production"), (name, value)]);
    for (name, value) in [
        ("ESEWA__PRODUCT_CODE", "EPAYTEST"),
        ("ESEWA__SECRET_KEY", "8gBm/:&EnhH.1/q"),
        ("ESEWA__FORM_URL", "https://rc-epay.esewa.com.np/api/epay/main/v2/form"),
        ("ESEWA__STATUS_URL", "https://RC.esewa.com.np/api/epay/transaction/status/"),
        ("ESEWA__STATUS_URL", "https://uat.esewa.com.np/"),
        ("KHALTI__BASE_URL", "https://dev.khalti.com/api/v2/"),
        ("KHALTI__BASE_URL", "https://a.khalti.com/api/v2/"),
        ("KHALTI__BASE_URL", "http://127.0.0.1:9000/"),
        ("KHALTI__REFUND_URL", "http://[::1]:9000/"),
        ("KHALTI__REFUND_URL", "http://localhost/"),
    ] {
        assert!(production(name, value).starts_with(&format!("{name}: ")), "{name}");
        assert!(settings(&[(name, value)]).is_ok(), "development may use {value}");
    }
    let settings = settings(&[("APP_ENV", "production")]).unwrap();
    assert!(settings.auth().is_ok());
    assert_eq!(settings.admin_auth().unwrap_err().variable(), "AUTH__JWKS_URL");
}

#[test]
fn the_console_admits_by_tokens_by_grants_or_by_both() {
    let admin = |changes: &[(&str, &str)]| settings(changes).unwrap().admin();
    let both = admin(&[]).unwrap();
    assert!(both.tokens.is_some() && both.grants_accepted && both.sign_in_url.is_none());
    let by_grants = admin(&[("ADMIN__AUDIENCE", ""), ("APP_ENV", "production")]).unwrap();
    assert!(by_grants.tokens.is_none() && by_grants.grants_accepted);
    let by_tokens = admin(&[("ADMIN__GRANTS_ACCEPTED", "false")]).unwrap();
    assert!(by_tokens.tokens.is_some() && !by_tokens.grants_accepted);
    let nobody = admin(&[("ADMIN__AUDIENCE", ""), ("ADMIN__GRANTS_ACCEPTED", "false")]);
    assert_eq!(nobody.unwrap_err().to_string(), "ADMIN__AUDIENCE: is required");
    assert_eq!(admin(&[("APP_ENV", "production")]).unwrap_err().variable(), "AUTH__JWKS_URL");
    assert!(refused(&[("ADMIN__GRANTS_ACCEPTED", "yes")]).starts_with("ADMIN__GRANTS_ACCEPTED: "));
    assert!(refused(&[("ADMIN__SIGN_IN_URL", "id.example")]).starts_with("ADMIN__SIGN_IN_URL: "));
}

#[test]
fn a_short_lease_shortens_the_default_grace_with_it() {
    let worker = settings(&[("WORKER__LEASE_SECONDS", "0.9")]).unwrap().worker().unwrap();
    assert_eq!(worker.shutdown_grace, Duration::from_millis(600));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    fs::write(
        &path,
        "[worker]\nlease_seconds = 20\nconcurrency = 3\n[reconcile]\nschedule_seconds = [1, 2.5]\n",
    )
    .unwrap();
    let settings = Settings::from_sources(environment(&[("WORKER__CONCURRENCY", "4")]), Some(&path)).unwrap();
    let worker = settings.worker().unwrap();
    assert_eq!((worker.lease.as_secs(), worker.concurrency), (20, 4));
    assert_eq!(settings.reconcile().unwrap().schedule, [Duration::from_secs(1), Duration::from_millis(2500)]);
}

#[test]
fn an_unknown_key_or_section_in_the_file_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    for (text, variable) in [
        ("[worker]\nlease = 1", "WORKER__LEASE"),
        ("[wroker]\nx = 1", "WROKER__X"),
        ("lease = 1", "LEASE"),
        ("[[", "SETTINGS_FILE"),
    ] {
        fs::write(&path, text).unwrap();
        assert_eq!(Settings::from_sources(HashMap::new(), Some(&path)).unwrap_err().variable(), variable);
    }
    let absent = folder.path().join("absent.toml");
    assert_eq!(
        Settings::from_sources(HashMap::new(), Some(&absent)).unwrap_err().variable(),
        "SETTINGS_FILE"
    );
}

#[test]
fn secrets_are_read_from_files_without_their_last_newline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, format!(" {SECRET}\n\n")).unwrap();
    let path = path.to_str().unwrap();
    let settings = settings(&[("AUTH__JWT_SECRET", ""), ("AUTH__JWT_SECRET_FILE", path)]).unwrap();
    let TokenKeys::SharedSecret(secret) = settings.auth().unwrap().keys else { panic!("not a secret") };
    assert_eq!(secret.expose_secret(), format!(" {SECRET}\n"));

    assert!(
        refused(&[("AUTH__JWT_SECRET_FILE", path)])
            .starts_with("AUTH__JWT_SECRET_FILE: AUTH__JWT_SECRET is set")
    );
    let gone = refused(&[("DATABASE_URL", ""), ("DATABASE_URL_FILE", "/nowhere/at/all")]);
    assert!(gone.starts_with("DATABASE_URL_FILE: cannot read /nowhere/at/all"), "{gone}");
}

#[test]
fn neither_debug_output_nor_errors_show_a_secret() {
    let settings = settings(&[]).unwrap();
    let shown = format!("{settings:?} {:?} {:?}", settings.auth(), settings.gateways());
    for secret in [SECRET, "esewa-key", "khalti-key"] {
        assert!(!shown.contains(secret));
    }
}

#[test]
fn variables_of_others_are_none_of_our_business() {
    assert!(
        settings(&[("PATH", "/bin"), ("OTHER__THING", "1"), ("DATABASE", "x"), ("HTTP_PROXY", "http://p")])
            .is_ok()
    );
}

#[test]
fn traces_are_exported_only_where_an_endpoint_is_named() {
    let exports = |changes: &[(&str, &str)]| settings(changes).unwrap().telemetry().export_traces;
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    assert!(!exports(&[]));
    assert!(exports(&[endpoint]));
    assert!(exports(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318/v1/traces")]));
    assert!(!exports(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]));
}

#[test]
fn configuration_md_documents_every_setting_and_no_other() {
    let document = include_str!("../../../docs/configuration.md");
    let rows =
        document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name);
    let is_standard = |name: &str| name == "RUST_LOG" || name == "SETTINGS_FILE" || name.starts_with("OTEL_");
    let mut documented: Vec<&str> = rows.filter(|name| !is_standard(name)).collect();
    documented.sort_unstable();
    let mut known = documented_variables().unwrap();
    known.sort_unstable();
    assert_eq!(documented, known);
}
