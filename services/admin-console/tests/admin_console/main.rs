//! The commands as an operator types them, with the rights of the console's role.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use serde_json::Value;
use test_support::{
    TestDatabase,
    factories::{Intent, Provider, Shop},
};

fn console(database: &TestDatabase, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admin-console"));
    command.env_clear().env("DATABASE_URL", database.url()).args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// One line that says why; 2 is a wrong setting's exit code, 1 any other refusal's.
fn refusal(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

/// A payment that came after its stock was sold, with its case.
async fn late_payment(shop: &Shop) -> (Intent, String) {
    let variant = shop.variant(50_000, 1).await;
    let cart = shop.cart(&[(&variant, 1)]).await;
    let intent = shop.intent(Provider::Esewa, &cart).await;
    shop.release(&intent, "expired").await;
    shop.client.execute("SELECT set_stock($1, 0, 'sold elsewhere')", &[&variant]).await.unwrap();
    shop.verify(&intent).await;
    let review = "WITH moved AS (UPDATE payment_intents SET status = 'under_review', status_cause = 'paid late' WHERE payment_intent_id = $1),
             done AS (UPDATE job_queue SET status = 'completed', completed_at = now() WHERE idempotency_key = 'finalize_order:' || $1)
        INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ($1, 'late_payment', '[]')";
    shop.client.execute(review, &[&intent.payment_intent_id]).await.unwrap();
    (intent, variant)
}

#[tokio::test]
async fn cases_are_listed_and_a_story_is_told() {
    let database = TestDatabase::create().await;
    let shop = Shop::open(&database).await;
    assert_eq!(said(&console(&database, &["cases"])), "no open cases\n");
    let (intent, _) = late_payment(&shop).await;
    let id = intent.payment_intent_id.as_str();

    let listed = said(&console(&database, &["cases"]));
    assert!(listed.contains(id) && listed.contains("late_payment") && listed.contains("Rs. 500"), "{listed}");
    let line = said(&console(&database, &["cases", "--json"]));
    let case: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(case.get("amount_minor"), Some(&Value::from(50_000)));

    let story = said(&console(&database, &["story", id]));
    for told in ["intent made", "status changed", "stock moved", "payment verified", "case opened"] {
        assert!(story.contains(told), "{told}: {story}");
    }
    let story: Value = serde_json::from_str(&said(&console(&database, &["story", id, "--json"]))).unwrap();
    assert!(story.get("entries").and_then(Value::as_array).is_some_and(|entries| entries.len() > 5));
}

#[tokio::test]
async fn a_case_is_resolved_once_and_refusals_name_the_law() {
    let database = TestDatabase::create().await;
    let shop = Shop::open(&database).await;
    let (intent, variant) = late_payment(&shop).await;
    let id = intent.payment_intent_id.as_str();
    let resolve = |rest: &[&str]| {
        let mut arguments = vec!["resolve", id];
        arguments.extend_from_slice(rest);
        arguments.extend_from_slice(&["--operator", "hari", "--reason", "the shopper called"]);
        console(&database, &arguments)
    };

    assert!(refusal(&resolve(&["fulfil"]), 1).contains("stock is never negative"));
    assert!(refusal(&resolve(&["refund"]), 1).contains("no refund call"));
    let by_hand = ["refunded-by-hand", "--portal-reference", "E-1", "--amount-minor"];
    let too_much = [by_hand.as_slice(), &["50001"]].concat();
    assert!(refusal(&resolve(&too_much), 1).contains("refunds never exceed what was paid"));
    assert_eq!(resolve(&["refunded-by-hand"]).status.code(), Some(2));

    shop.client.execute("SELECT set_stock($1, 1, 'found one')", &[&variant]).await.unwrap();
    let done = said(&resolve(&["fulfil"]));
    assert_eq!(done, format!("{id} is verified; its case is resolved; a worker goes on with it\n"));
    assert!(said(&resolve(&["fulfil"])).contains("nothing was changed"));
    assert!(
        refusal(&resolve(&["dismiss"]), 1).contains("a case is resolved once: hari resolved it as fulfilled")
    );
    let audited = "SELECT count(*) FROM admin_audit_log WHERE operator = 'hari' AND action = 'fulfilled'";
    assert_eq!(shop.client.query_one(audited, &[]).await.unwrap().get::<_, i64>(0), 1);
    database.assert_no_violations().await;
}

#[tokio::test]
async fn an_unknown_intent_and_a_missing_setting_are_one_line_each() {
    let database = TestDatabase::create().await;
    let nowhere = refusal(&console(&database, &["story", "pi_esewa_nowhere"]), 1);
    assert_eq!(nowhere, "admin-console: there is no intent pi_esewa_nowhere\n");
    let output = Command::new(env!("CARGO_BIN_EXE_admin-console")).env_clear().arg("cases").output().unwrap();
    assert!(refusal(&output, 2).contains("DATABASE_URL"));
}

#[tokio::test]
async fn a_grant_is_shown_once_listed_and_revoked() {
    let database = TestDatabase::create().await;
    assert_eq!(said(&console(&database, &["grants"])), "no grants\n");
    let made = console(&database, &["grant", "--role", "operator", "--ttl", "8h", "--name", "gita"]);
    let token = said(&made);
    assert!(
        token.starts_with("grant_") && token.lines().count() == 1,
        "the token alone is on stdout: {token}"
    );
    assert!(String::from_utf8(made.stderr).unwrap().contains("not shown again"));
    let listed = said(&console(&database, &["grants"]));
    assert!(listed.contains("gita") && !listed.contains(token.trim()), "{listed}");

    assert!(said(&console(&database, &["revoke", "1", "--reason", "lost"])).contains("is revoked"));
    assert!(said(&console(&database, &["revoke", "1"])).contains("nothing was changed"));
    assert!(refusal(&console(&database, &["revoke", "2"]), 1).contains("there is no grant 2"));
    assert!(
        refusal(&console(&database, &["grant", "--role", "viewer", "--ttl", "31d"]), 1).contains("30 days")
    );
    assert_eq!(console(&database, &["grant", "--role", "viewer", "--ttl", "soon"]).status.code(), Some(2));
    let audited = "SELECT string_agg(action || ' ' || reason, ', ' ORDER BY id) FROM admin_audit_log \
                   WHERE operator LIKE '%, as %' AND subject = 'grant 1'";
    let row = database.client().await.query_one(audited, &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "granted on the command line, revoked lost");
}

#[tokio::test]
async fn serving_needs_a_road_in_and_names_the_setting_without_one() {
    let database = TestDatabase::create().await;
    let serve = |settings: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_admin-console"));
        command.env_clear().env("DATABASE_URL", database.url()).envs(settings.iter().copied());
        command.output().unwrap()
    };
    let secret = ("AUTH__JWT_SECRET", "0123456789abcdef0123456789abcdef");
    let tokens = [secret, ("AUTH__ISSUER", "i"), ("AUTH__AUDIENCE", "a"), ("ADMIN__AUDIENCE", "o")];
    assert!(refusal(&serve(&[("ADMIN__GRANTS_ACCEPTED", "false")]), 2).starts_with("AUTH__"));
    assert!(refusal(&serve(&[("ADMIN__GRANTS_ACCEPTED", "maybe")]), 2).starts_with("ADMIN__GRANTS_ACCEPTED"));
    assert!(refusal(&serve(&[("HTTP__ADDR", "nowhere")]), 2).starts_with("HTTP__ADDR"));
    let production = [&tokens[..], &[("APP_ENV", "production")]].concat();
    assert!(refusal(&serve(&production), 2).starts_with("AUTH__JWKS_URL"));
}
