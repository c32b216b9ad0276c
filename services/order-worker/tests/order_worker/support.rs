//! A worker on a thread of its own, a gateway of the sandbox, and bounded waits.

use std::{
    collections::HashMap,
    thread,
    time::{Duration, Instant},
};

use domain::{
    payments::Gateways,
    queue::{Lease, WorkerId, claim},
    refunds::RefundTerms,
};
use order_worker::Application;
use sandbox::{Sandbox, SandboxSettings};
use service_kit::settings::Settings;
use test_support::{
    TestDatabase,
    factories::{Intent, Shop},
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Bounds every wait of these tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// Waits until `is_so`, and fails with `what` where it never is.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Money that becomes no order goes back through Khalti, and to a person through eSewa.
pub(crate) fn refund_terms() -> RefundTerms {
    RefundTerms::of_all_gateways(3)
}

/// What one test works with. The sandbox has a ledger of its own for each.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) shop: Shop,
    pub(crate) sandbox: Sandbox,
    http: reqwest::Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        service_kit::tls::install_crypto_provider();
        let database = TestDatabase::create().await;
        let shop = Shop::open(&database).await;
        let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
        Self { database, shop, sandbox, http: reqwest::Client::new() }
    }

    /// Short times, so that nothing waits for the clock.
    pub(crate) fn environment(&self, changes: &[(&str, &str)]) -> HashMap<String, String> {
        let url = self.sandbox.url();
        let pairs = [
            ("DATABASE_URL", self.database.url().to_owned()),
            ("HTTP__ADDR", "127.0.0.1:0".to_owned()),
            ("ESEWA__PRODUCT_CODE", "EPAYTEST".to_owned()),
            ("ESEWA__SECRET_KEY", "8gBm/:&EnhH.1/q".to_owned()),
            ("ESEWA__FORM_URL", format!("{url}/esewa/api/epay/main/v2/form")),
            ("ESEWA__STATUS_URL", format!("{url}/esewa/api/epay/transaction/status/")),
            ("ESEWA__NOT_FOUND_GRACE_SECONDS", "3600".to_owned()),
            ("WORKER__LEASE_SECONDS", "5".to_owned()),
            ("WORKER__POLL_INTERVAL_MS", "20".to_owned()),
            ("WORKER__SHUTDOWN_GRACE_SECONDS", "3".to_owned()),
            ("JOB__BACKOFF_BASE_MS", "10".to_owned()),
            ("RECONCILE__SCHEDULE_SECONDS", "3600".to_owned()),
        ];
        let changes = changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(changes).collect()
    }

    pub(crate) fn settings(&self, changes: &[(&str, &str)]) -> Settings {
        Settings::from_sources(self.environment(changes), None).unwrap()
    }

    pub(crate) fn worker(&self, changes: &[(&str, &str)]) -> Worker {
        let stop = CancellationToken::new();
        Worker::start(Application::build(&self.settings(changes), stop.clone()).unwrap(), stop)
    }

    pub(crate) fn worker_with(&self, gateways: Gateways, changes: &[(&str, &str)]) -> Worker {
        let stop = CancellationToken::new();
        let settings = self.settings(changes);
        Worker::start(Application::with_gateways(&settings, gateways, stop.clone()).unwrap(), stop)
    }

    /// An intent for one unit of a new variant in a new cart.
    pub(crate) async fn intent(&self) -> Intent {
        let variant = self.shop.variant(1_000, 5).await;
        let cart = self.shop.cart(&[(&variant, 1)]).await;
        self.shop.intent(test_support::factories::Provider::Esewa, &cart).await
    }

    /// Makes the intent's question due.
    pub(crate) async fn ask_now(&self, intent: &Intent) {
        let due = "UPDATE job_queue SET run_at = now() WHERE idempotency_key = 'verify_payment:' || $1 AND status = 'pending'";
        self.shop.client.execute(due, &[&intent.payment_intent_id]).await.unwrap();
    }

    /// Opens the intent's payment at the sandbox's eSewa, as the shopper's browser does.
    pub(crate) async fn open_payment(&self, intent: &Intent) {
        let rupees = domain::money::rupees_from_paisa(intent.amount_minor);
        let reference = &intent.gateway_reference;
        let signed = format!("total_amount={rupees},transaction_uuid={reference},product_code=EPAYTEST");
        let fields = [
            ("amount", rupees.as_str()),
            ("tax_amount", "0"),
            ("product_service_charge", "0"),
            ("product_delivery_charge", "0"),
            ("total_amount", rupees.as_str()),
            ("transaction_uuid", reference),
            ("product_code", "EPAYTEST"),
            ("success_url", "http://localhost/success"),
            ("failure_url", "http://localhost/failure"),
            ("signed_field_names", "total_amount,transaction_uuid,product_code"),
            ("signature", &signature(&signed)),
        ];
        let url = format!("{}/esewa/api/epay/main/v2/form", self.sandbox.url());
        let answer = self.http.post(url).form(&fields).send().await.unwrap();
        assert!(answer.status().is_success() || answer.status().is_redirection(), "{}", answer.status());
    }

    /// What the shopper, the portal or the gateway does; see the sandbox's README.
    pub(crate) async fn act(&self, intent: &Intent, action: &str) {
        let path = format!("/control/payments/esewa/{}/{action}", intent.gateway_reference);
        let answer = self.http.post(self.sandbox.url().to_owned() + &path).send().await.unwrap();
        assert!(answer.status().is_success(), "{action}: {}", answer.text().await.unwrap());
    }

    /// How the gateway answers about the payment.
    pub(crate) async fn answer_with(&self, intent: &Intent, modes: serde_json::Value) {
        let path = format!("/control/payments/esewa/{}/modes", intent.gateway_reference);
        let url = self.sandbox.url().to_owned() + &path;
        let answer = self.http.put(url).json(&modes).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    pub(crate) async fn wait_for(&self, intent: &Intent, status: &str) {
        until(&format!("status {status}"), async || self.shop.status(intent).await == status).await;
    }

    /// A number that a query returns.
    pub(crate) async fn count(&self, query: &str) -> i64 {
        self.shop.client.query_one(query, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn set(&self, statement: &str) {
        self.shop.client.batch_execute(statement).await.unwrap();
    }

    /// Claims as a worker of its own does.
    pub(crate) async fn claim(&self, worker_id: &WorkerId, job_type: &str, claimed_max: u32) -> Vec<Lease> {
        let pool = self.database.pool_as("order_worker");
        let mut connection = pool.connection().await.unwrap();
        claim(&mut connection, worker_id, job_type, claimed_max, LEASE).await.unwrap()
    }
}

/// The signature of the sandbox's published key, made by openssl: no code of ours signs here.
fn signature(message: &str) -> String {
    let key = "8gBm/:&EnhH.1/q";
    let script = "printf %s \"$0\" | openssl dgst -sha256 -hmac \"$1\" -binary | openssl base64";
    let output = std::process::Command::new("sh").args(["-c", script, message, key]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A worker that runs on a thread of its own, as it does in a process of its own.
pub(crate) struct Worker {
    pub(crate) port: u16,
    stop: CancellationToken,
    ended: oneshot::Receiver<anyhow::Result<()>>,
}

impl Worker {
    fn start(application: Application, stop: CancellationToken) -> Self {
        let port = application.port();
        let (sender, ended) = oneshot::channel();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            // A test that failed does not wait for its worker.
            let _ = sender.send(runtime.block_on(application.run_until_stopped()));
        });
        Self { port, stop, ended }
    }

    pub(crate) fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.ended().await;
    }

    pub(crate) async fn ended(self) {
        tokio::time::timeout(PATIENCE, self.ended).await.unwrap().unwrap().unwrap();
    }
}
