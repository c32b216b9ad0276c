//! The whole pipeline as production should run it: every connection verified, every service under a login that is a
//! member of its own role and of nothing else.

use std::{collections::BTreeSet, time::Duration};

use pipeline_tests::{Checkout, Pipeline, PipelineOptions, Program, Provider, Shopper, run};
use reqwest::StatusCode;
use serde_json::json;
use tokio_postgres::{Client, error::SqlState};

use super::server::{OWNER, Secured, checkout, login_of};
use crate::world::{QUICK, SOON, pay, until};

const ROLES: [&str; 6] = [
    "checkout_api",
    "payment_callback",
    "order_worker",
    "stale_job_reaper",
    "admin_console",
    "catalogue_keeper",
];
const SERVICES: [(Program, &str); 5] = [
    (Program::CheckoutApi, "checkout_api"),
    (Program::PaymentCallback, "payment_callback"),
    (Program::OrderWorker(0), "order_worker"),
    (Program::StaleJobReaper, "stale_job_reaper"),
    (Program::AdminConsole, "admin_console"),
];
const A_WHILE: Duration = Duration::from_secs(60);

/// Runs a command of an operator with a login, and nothing else in its environment.
async fn command(server: &Secured, login: &str, binary: &str, arguments: &[&str]) -> String {
    let environment = [("DATABASE_URL".to_owned(), server.url_of(login))];
    let ended = run(binary, arguments, environment).await.unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{binary} {arguments:?}: {said}");
    String::from_utf8(ended.stdout).unwrap()
}

async fn variant(shop: &Client, sku: &str) -> String {
    let ask = "SELECT variant_id FROM product_variants WHERE sku = $1";
    shop.query_one(ask, &[&sku]).await.unwrap().get(0)
}

async fn checkout_of(pipeline: &Pipeline, variant_id: &str, provider: Provider) -> (Shopper, Checkout) {
    let shopper = pipeline.shopper(&format!("guest-{}", uuid::Uuid::new_v4())).await.unwrap();
    shopper.put_in_cart(variant_id, 1).await.unwrap();
    let checkout = shopper.checkout(provider).await.unwrap();
    shopper.open_payment_page(&checkout).await.unwrap();
    (shopper, checkout)
}

async fn expire(shop: &Client, shopper: &Shopper, checkout: &Checkout) {
    let shift = "UPDATE payment_intents SET expires_at = clock_timestamp() WHERE payment_intent_id = $1";
    shop.execute(shift, &[&checkout.payment_intent_id]).await.unwrap();
    shopper.await_status(&checkout.payment_intent_id, "expired", SOON).await.unwrap();
}

async fn job_of(shop: &Client, checkout: &Checkout) -> (i64, i64) {
    let ask = "SELECT id, lease_no FROM job_queue WHERE idempotency_key = 'verify_payment:' || $1";
    let job = shop.query_one(ask, &[&checkout.payment_intent_id]).await.unwrap();
    (job.get(0), job.get(1))
}

/// A purchase through each gateway.
async fn buy(pipeline: &Pipeline, variant_id: &str) {
    for provider in Provider::ALL {
        let (shopper, checkout) = checkout_of(pipeline, variant_id, provider).await;
        pay(&shopper, &checkout).await;
        shopper.await_status(&checkout.payment_intent_id, "confirmed", SOON).await.unwrap();
    }
}

/// Money that comes late for what is sold out goes back.
async fn refund(server: &Secured, pipeline: &Pipeline, shop: &Client) {
    let keeper = login_of("catalogue_keeper");
    let last = ["stock", "set", "TOPI-PALPA-M", "1", "--reason", "the last one"];
    command(server, &keeper, "catalogue", &last).await;
    let variant_id = variant(shop, "TOPI-PALPA-M").await;
    let (slow, late) = checkout_of(pipeline, &variant_id, Provider::Khalti).await;
    expire(shop, &slow, &late).await;
    let (quick, sold) = checkout_of(pipeline, &variant_id, Provider::Esewa).await;
    pay(&quick, &sold).await;
    quick.await_status(&sold.payment_intent_id, "confirmed", SOON).await.unwrap();
    slow.at_gateway(&late, "pay").await.unwrap();
    slow.await_status(&late.payment_intent_id, "refunded", A_WHILE).await.unwrap();
}

/// A job whose worker has died is made due again by the reaper.
async fn rescue(pipeline: &mut Pipeline, shop: &Client, variant_id: &str) {
    pipeline.terminate(Program::OrderWorker(0)).await.unwrap();
    let (shopper, checkout) = checkout_of(pipeline, variant_id, Provider::Esewa).await;
    let die = "UPDATE job_queue SET status = 'processing', locked_by = 'a worker that died', attempts = attempts + 1,
            lease_no = lease_no + 1, locked_until = now() - interval '1 second' WHERE id = $1";
    let (job_id, _) = job_of(shop, &checkout).await;
    shop.execute(die, &[&job_id]).await.unwrap();
    until("the job is rescued", async || {
        let ask = "SELECT crash_count FROM job_queue WHERE id = $1 AND status = 'pending'";
        shop.query_opt(ask, &[&job_id]).await.unwrap().filter(|row| row.get::<_, i32>(0) == 1)
    })
    .await;
    pipeline.restart(Program::OrderWorker(0)).await.unwrap();
    shopper.at_gateway(&checkout, "pay").await.unwrap();
    shopper.await_status(&checkout.payment_intent_id, "confirmed", SOON).await.unwrap();
}

/// An operator cancels a question, between two times that it is asked.
async fn act(pipeline: &Pipeline, shop: &Client, variant_id: &str) {
    let (_, checkout) = checkout_of(pipeline, variant_id, Provider::Khalti).await;
    let operator = json!({ "sub": "hari@shop.example", "audience": "operators", "role": "operator" });
    let token = pipeline.sandbox().token(&operator).await.unwrap();
    until("an operator's order is carried out", async || {
        let (job_id, lease_no) = job_of(shop, &checkout).await;
        let url = format!("{}/admin/api/jobs/{job_id}/cancel", pipeline.console_url());
        let order = json!({ "lease_no": lease_no, "reason": "the shopper called" });
        let acted = pipeline.http().post(url).bearer_auth(&token).json(&order).send().await.unwrap();
        // The worker had it in hand, or has had it since.
        (acted.status() != StatusCode::CONFLICT).then(|| assert_eq!(acted.status(), StatusCode::OK))
    })
    .await;
    let ask = "SELECT count(*) FROM admin_audit_log WHERE reason = 'the shopper called'";
    assert_eq!(shop.query_one(ask, &[]).await.unwrap().get::<_, i64>(0), 1);
}

/// Who is connected, as the server has it.
async fn assert_all_secured(shop: &Client) {
    let ask =
        "SELECT a.application_name, a.usename::text, s.ssl, coalesce(s.version, ''), a.query LIKE 'LISTEN%'
        FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid)
        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()";
    let mut connected = BTreeSet::new();
    let mut listening = BTreeSet::new();
    for row in shop.query(ask, &[]).await.unwrap() {
        let (application, login, is_encrypted): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(login, login_of(&application.replace('-', "_")), "{application} has another's login");
        assert!(is_encrypted, "{application} has a connection in the clear");
        assert_eq!(row.get::<_, String>(3), "TLSv1.3", "{application}");
        if row.get(4) {
            listening.insert(application.clone());
        }
        connected.insert(application);
    }
    let services: Vec<String> = SERVICES.iter().map(|(_, role)| role.replace('_', "-")).collect();
    assert_eq!(connected, services.into_iter().collect());
    assert!(listening.contains("order-worker"), "only {listening:?} listen");
}

#[tokio::test]
async fn the_whole_pipeline_runs_under_logins_of_one_role_each_over_verified_tls() {
    let server = Secured::start(&ROLES).await;
    command(&server, OWNER, "migrate", &["up"]).await;
    let catalogue = checkout().join("deploy/demo-catalogue.json");
    let import = ["import", catalogue.to_str().unwrap()];
    command(&server, &login_of("catalogue_keeper"), "catalogue", &import).await;
    let shop = server.shop().await;

    let owner = server.url_of(OWNER);
    let options = QUICK
        .iter()
        .fold(PipelineOptions::new(&owner), |options, (name, value)| options.setting(name, value));
    let options = SERVICES.iter().fold(options, |options, (program, role)| {
        options.database_url_of(*program, &server.url_of(&login_of(role)))
    });
    let mut pipeline = Pipeline::start(options).await.unwrap();
    pipeline.restart(Program::AdminConsole).await.unwrap();
    let goods = variant(&shop, "TEA-ILAM-100").await;
    buy(&pipeline, &goods).await;
    refund(&server, &pipeline, &shop).await;
    rescue(&mut pipeline, &shop, &goods).await;
    act(&pipeline, &shop, &goods).await;
    assert_all_secured(&shop).await;
    for (program, _) in SERVICES {
        let log = pipeline.log(program).unwrap();
        assert!(!log.contains("permission denied"), "{program}: {log}");
    }
    let violations = shop.query("SELECT invariant, subject FROM invariant_violations", &[]).await.unwrap();
    assert!(violations.is_empty(), "{violations:?}");
    pipeline.stop().await.unwrap();

    for role in ROLES {
        let login = server.shop_as(&login_of(role)).await;
        let others = ROLES.iter().filter(|other| **other != role);
        let forbidden = others.map(|other| format!("SET ROLE {other}")).chain([
            format!("SET ROLE {OWNER}"),
            "SELECT FROM schema_compatibility".to_owned(),
            "SELECT FROM orders".to_owned(),
        ]);
        for statement in forbidden {
            let refused = login.batch_execute(&statement).await.unwrap_err();
            assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{role}: {statement}");
        }
    }
}
