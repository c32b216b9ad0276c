//! One test's world: database, sandbox, service, browser.

use std::{
    collections::HashMap,
    sync::mpsc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use domain::{
    jobs::{FinalizeOrder, Job},
    orders::finalize::{ToFinalize, finalize},
    queue::{self, WorkerId},
    refunds::RefundTerms,
};
use payment_callback::Application;
use reqwest::{Client, Response, StatusCode, header};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use service_kit::settings::Settings;
use test_support::TestDatabase;
use tokio_util::sync::CancellationToken;

use crate::shop::{Intent, Shop};

/// Bounds every wait of these tests.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What browsers send.
const BROWSER_ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) sandbox: Sandbox,
    pub(crate) shop: Shop,
    pub(crate) client: Client,
    pub(crate) service: Service,
}

/// payment-callback on a thread of its own, as a process has it.
pub(crate) struct Service {
    pub(crate) url: String,
    settings: HashMap<String, String>,
    shutdown: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    pub(crate) fn start(settings: HashMap<String, String>) -> Self {
        let kept = settings.clone();
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let (started, port) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let settings = Settings::from_sources(settings, None).unwrap();
                let application = Application::build(&settings, stop).unwrap();
                started.send(application.port()).unwrap();
                application.run_until_stopped().await.unwrap();
            });
        });
        let port = port.recv().expect("the service did not start");
        Self { url: format!("http://127.0.0.1:{port}"), settings: kept, shutdown, thread: Some(thread) }
    }

    /// Stops it and starts it again at the same address.
    pub(crate) fn restart(&mut self) {
        self.stop();
        let address = self.url.trim_start_matches("http://").to_owned();
        self.settings.insert("HTTP__ADDR".to_owned(), address);
        *self = Self::start(self.settings.clone());
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(&mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the service panicked");
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) async fn world() -> World {
    world_with(&[]).await
}

/// A world whose service has these settings beside the usual ones.
pub(crate) async fn world_with(settings: &[(&str, &str)]) -> World {
    service_kit::tls::install_crypto_provider();
    let database = TestDatabase::create().await;
    let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
    let url = sandbox.url();
    let usual = [
        ("DATABASE_URL", database.url().to_owned()),
        ("HTTP__ADDR", "127.0.0.1:0".to_owned()),
        ("ESEWA__PRODUCT_CODE", "EPAYTEST".to_owned()),
        ("ESEWA__SECRET_KEY", "8gBm/:&EnhH.1/q".to_owned()),
        ("ESEWA__FORM_URL", format!("{url}/esewa/api/epay/main/v2/form")),
        ("ESEWA__STATUS_URL", format!("{url}/esewa/api/epay/transaction/status/")),
        ("KHALTI__SECRET_KEY", "sandbox-khalti-secret-key".to_owned()),
        ("KHALTI__BASE_URL", format!("{url}/khalti/api/v2/")),
        ("STOREFRONT__URL", "https://shop.example/".to_owned()),
    ];
    let special = settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let all = usual.into_iter().chain(special).map(|(name, value)| (name.to_owned(), value)).collect();
    let service = Service::start(all);
    let shop = Shop::open(&database, url, &service.url).await;
    let client =
        Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(WAIT_MAX).build().unwrap();
    World { database, sandbox, shop, client, service }
}

/// A program's answer: its code and JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn status(&self) -> &str {
        self.body["status"].as_str().unwrap_or_default()
    }

    pub(crate) fn problem_code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

pub(crate) async fn answer_of(response: Response) -> Answer {
    let code = response.status();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{code} is not JSON: {text}"));
    Answer { code, body }
}

impl World {
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.service.url)
    }

    /// The address eSewa or Khalti sends the browser to.
    pub(crate) fn callback_url(&self, intent: &Intent) -> String {
        self.at(&format!("/payment/callback/{}/{}", intent.provider, intent.id))
    }

    /// Opens an address as a program.
    pub(crate) async fn open(&self, url: &str) -> Answer {
        let request = self.client.get(url).header(header::ACCEPT, "application/json");
        answer_of(request.send().await.unwrap()).await
    }

    /// Opens an address as a browser.
    pub(crate) async fn browse(&self, url: &str) -> Response {
        self.browse_in("en-US,en;q=0.9", url).await
    }

    /// Opens an address as a browser whose owner prefers these languages.
    pub(crate) async fn browse_in(&self, accept_language: &str, url: &str) -> Response {
        let request = self.client.get(url).header(header::ACCEPT, BROWSER_ACCEPT);
        request.header(header::ACCEPT_LANGUAGE, accept_language).send().await.unwrap()
    }

    /// Plays the shopper or the gateway; returns where the browser is sent.
    pub(crate) async fn act(&self, intent: &Intent, action: &str) -> Vec<String> {
        let url = format!(
            "{}/control/payments/{}/{}/{action}",
            self.sandbox.url(),
            intent.provider,
            intent.reference
        );
        let answer = answer_of(self.client.post(url).send().await.unwrap()).await;
        assert_eq!(answer.code, 200, "{}", answer.body);
        let redirects = answer.body["redirects"].as_array().unwrap();
        redirects.iter().map(|url| url.as_str().unwrap().to_owned()).collect()
    }

    /// Plays an action that sends the browser back once, and returns where to.
    pub(crate) async fn redirect_after(&self, intent: &Intent, action: &str) -> String {
        let redirects = self.act(intent, action).await;
        redirects.first().cloned().expect("the browser was sent nowhere")
    }

    pub(crate) async fn set_modes(&self, intent: &Intent, modes: Value) {
        let url =
            format!("{}/control/payments/{}/{}/modes", self.sandbox.url(), intent.provider, intent.reference);
        let modes = if modes.is_array() { json!({ "modes": modes }) } else { modes };
        let answer = self.client.put(url).json(&modes).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    /// How many questions the gateway got about a payment.
    pub(crate) async fn questions(&self, intent: &Intent) -> u64 {
        let url = format!("{}/control/payments/{}/{}", self.sandbox.url(), intent.provider, intent.reference);
        let payment: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        payment["questions"].as_u64().unwrap()
    }

    /// One figure from the database about one intent.
    pub(crate) async fn figure(&self, sql: &str, intent: &Intent) -> i64 {
        self.database.client().await.query_one(sql, &[&intent.id]).await.unwrap().get(0)
    }

    /// One text from the database about one intent.
    pub(crate) async fn text(&self, sql: &str, intent: &Intent) -> String {
        self.database.client().await.query_one(sql, &[&intent.id]).await.unwrap().get(0)
    }

    pub(crate) async fn intent_status(&self, intent: &Intent) -> String {
        self.text("SELECT status FROM payment_intents WHERE payment_intent_id = $1", intent).await
    }

    pub(crate) async fn verifications(&self, intent: &Intent) -> i64 {
        let sql = "SELECT count(*) FROM payment_gateway_verifications WHERE payment_intent_id = $1";
        self.figure(sql, intent).await
    }

    /// Jobs that make an order of this intent, in any state.
    pub(crate) async fn finalize_jobs(&self, intent: &Intent) -> i64 {
        let sql = "SELECT count(*) FROM job_queue WHERE job_type = 'finalize_order' \
                   AND payload->>'payment_intent_id' = $1";
        self.figure(sql, intent).await
    }

    /// Seconds until the question about this intent is due in the queue.
    pub(crate) async fn question_due_in(&self, intent: &Intent) -> f64 {
        let sql = "SELECT extract(epoch FROM run_at - clock_timestamp())::float8 FROM job_queue \
                   WHERE idempotency_key = 'verify_payment:' || $1 AND status = 'pending'";
        self.database.client().await.query_one(sql, &[&intent.id]).await.unwrap().get(0)
    }

    /// Every stored callback of an intent as `kind verdict`.
    pub(crate) async fn callbacks(&self, intent: &Intent) -> Vec<String> {
        let sql =
            "SELECT kind || ' ' || verdict FROM payment_callbacks WHERE payment_intent_id = $1 ORDER BY id";
        let rows = self.database.client().await.query(sql, &[&intent.id]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Lets the two seconds between questions have passed.
    pub(crate) async fn forget_last_question(&self, intent: &Intent) {
        let sql = "UPDATE payment_intents SET last_asked_at = last_asked_at - interval '2 seconds' \
                   WHERE payment_intent_id = $1";
        self.database.client().await.execute(sql, &[&intent.id]).await.unwrap();
    }

    /// Does the worker's part for one verified intent.
    pub(crate) async fn make_order(&self, intent: &Intent) {
        let pool = self.database.pool_as("order_worker");
        let mut connection = pool.connection().await.unwrap();
        let worker = WorkerId::unique("test");
        let leases =
            queue::claim(&mut connection, &worker, FinalizeOrder::JOB_TYPE, 10, Duration::from_secs(15))
                .await
                .unwrap();
        let batch: Vec<ToFinalize<'_>> =
            leases.iter().map(|lease| ToFinalize { lease, payment_intent_id: &intent.id }).collect();
        let terms = RefundTerms::of_all_gateways(3);
        finalize(&mut connection, &worker, &batch, &terms).await.unwrap();
    }

    /// Waits, within bounds, until the intent has a status.
    pub(crate) async fn wait_for_status(&self, intent: &Intent, status: &str) {
        let deadline = Instant::now() + WAIT_MAX;
        while self.intent_status(intent).await != status {
            assert!(Instant::now() < deadline, "still {}", self.intent_status(intent).await);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The last look: nothing that was promised is broken, and the service stops by itself.
    pub(crate) async fn finish(mut self) {
        self.database.assert_no_violations().await;
        self.service.stop();
        self.sandbox.stop().await;
    }
}
