//! Servers that are not whom they should be.

use pipeline_tests::{complete_environment, run};
use test_support::TestDatabase;

use super::server::{OWNER, Secured};
use crate::readiness;

/// What `migrate` says in its one line.
async fn refusal_of_migrate(url: &str) -> String {
    let ended = run("migrate", &["up"], [("DATABASE_URL".to_owned(), url.to_owned())]).await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success(), "migrate accepted {url}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[tokio::test]
async fn a_wrong_authority_a_wrong_name_and_a_server_without_tls_are_refused_with_one_line() {
    let server = Secured::start(&[]).await;
    let plain = TestDatabase::create().await;
    let of_stranger = format!("sslmode=verify-full&sslrootcert={}", server.file("stranger.crt"));
    let of_authority = format!("sslmode=verify-full&sslrootcert={}", server.file("authority.crt"));
    let refused = [
        (server.url(OWNER, "localhost", &of_stranger), "invalid peer certificate: UnknownIssuer"),
        (server.url(OWNER, "localhost", "sslmode=verify-full"), "invalid peer certificate: UnknownIssuer"),
        (server.url(OWNER, "127.0.0.1", &of_authority), "certificate not valid for name \"127.0.0.1\""),
        (format!("{}?{of_authority}", plain.url()), "server does not support TLS"),
        (server.url(OWNER, "localhost", "sslmode=disable"), "no encryption"),
        (
            server.url(OWNER, "localhost", "sslmode=verify-full&sslrootcert=/nowhere.crt"),
            "sslrootcert /nowhere.crt: ",
        ),
    ];
    for (url, says) in &refused {
        let said = refusal_of_migrate(url).await;
        assert!(said.contains(says), "`{says}` is not said: {said}");
    }
    for (url, says) in refused.iter().take(5) {
        let said = readiness::reason_of("checkout-api", &complete_environment(url)).await;
        assert!(said.contains(says), "`{says}` is not said: {said}");
    }
}
