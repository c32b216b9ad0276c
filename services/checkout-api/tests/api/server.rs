//! One running checkout-api and its shoppers.

use std::{
    collections::HashMap,
    thread,
    time::{Duration, Instant},
};

use checkout_api::Application;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service_kit::settings::Settings;
use test_support::{
    TestDatabase,
    factories::{Cart, Shop},
};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use crate::khalti::FakeKhalti;

const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes";
/// Bounds every wait of these tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A service with its database and its outside world; everything ends with the value.
pub(crate) struct Server {
    pub(crate) shop: Shop,
    pub(crate) khalti: FakeKhalti,
    database: TestDatabase,
    base: String,
    http: reqwest::Client,
    shutdown: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

/// What came back: status, body as text, and headers.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    pub(crate) retry_after: Option<String>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Asserts that it is a problem with this code, and returns it.
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!((self.status.as_u16(), problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert!(problem["request_id"].is_string(), "{problem}");
        problem
    }

    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with settings beside those every test has.
    pub(crate) async fn start_with(changes: &[(&str, &str)]) -> Self {
        service_kit::tls::install_crypto_provider();
        let database = TestDatabase::create().await;
        let khalti = FakeKhalti::start().await;
        let mut environment: HashMap<String, String> = [
            ("DATABASE_URL", database.url()),
            ("HTTP__ADDR", "127.0.0.1:0"),
            ("AUTH__JWT_SECRET", SECRET),
            ("AUTH__ISSUER", "https://id.example"),
            ("AUTH__AUDIENCE", "shop"),
            ("CALLBACK__PUBLIC_URL", "https://pay.shop.example"),
            ("STOREFRONT__URL", "https://shop.example"),
            ("ESEWA__PRODUCT_CODE", "EPAYTEST"),
            ("ESEWA__SECRET_KEY", "8gBm/:&EnhH.1/q"),
            ("ESEWA__FORM_URL", "https://rc-epay.esewa.com.np/api/epay/main/v2/form"),
            ("ESEWA__STATUS_URL", "https://rc.esewa.com.np/api/epay/transaction/status/"),
            ("KHALTI__SECRET_KEY", "live_secret_key"),
            ("KHALTI__BASE_URL", &khalti.url),
            ("GATEWAY__TIMEOUT_MS", "2000"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        environment.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let settings = Settings::from_sources(environment, None).unwrap();
        let shutdown = CancellationToken::new();
        let (port, thread) = run(settings, shutdown.clone()).await;
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let shop = Shop::open(&database).await;
        let base = format!("http://127.0.0.1:{port}");
        Self { shop, khalti, database, base, http, shutdown, thread: Some(thread) }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let status = response.status();
        let retry_after =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        Answer { status, retry_after, text: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, user_id: &str, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(token(user_id))).await
    }

    pub(crate) async fn put(&self, user_id: &str, variant_id: &str, quantity: i32) -> Answer {
        let path = format!("/api/cart/items/{variant_id}");
        let body = json!({ "quantity": quantity });
        self.send(self.request(Method::PUT, &path).bearer_auth(token(user_id)).json(&body)).await
    }

    /// Asks for an intent for the cart at version 1, where factories leave it.
    pub(crate) async fn pay(&self, cart: &Cart, key: &str, provider: &str) -> Answer {
        self.pay_with(&cart.user_id, key, &order(provider, 1)).await
    }

    pub(crate) async fn pay_with(&self, user_id: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, "/api/checkout/order-intents");
        self.send(request.bearer_auth(token(user_id)).header("Idempotency-Key", key).json(body)).await
    }

    /// One number out of the database.
    pub(crate) async fn count(&self, query: &str) -> i64 {
        self.shop.client.query_one(query, &[]).await.unwrap().get(0)
    }

    /// A connection of the test's own.
    pub(crate) async fn client(&self) -> Client {
        self.database.client().await
    }

    /// Returns once the service waits for somebody's lock.
    pub(crate) async fn await_one_behind_a_lock(&self) {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = 'checkout-api' AND wait_event_type = 'Lock'";
        let deadline = Instant::now() + PATIENCE;
        while self.count(waits).await == 0 {
            assert!(Instant::now() < deadline, "nobody waits for a lock");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn execute(&self, statement: &str) {
        self.shop.client.batch_execute(statement).await.unwrap();
    }

    /// Cuts the service off from its database, or lets it come back. What the test itself has open stays.
    pub(crate) async fn allow_connections(&self, allowed: bool) {
        let own: String = self.shop.client.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
        let elsewhere = self.database.url().replace(&own, "postgres");
        let (administrator, connection) =
            tokio_postgres::connect(&elsewhere, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        administrator
            .batch_execute(&format!("ALTER DATABASE {own} ALLOW_CONNECTIONS {allowed}"))
            .await
            .unwrap();
        if !allowed {
            let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
            self.shop.client.query(others, &[]).await.unwrap();
        }
    }

    /// Every test ends with this: no promise of the business may be broken.
    pub(crate) async fn assert_no_violations(&self) {
        self.database.assert_no_violations().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has failed the test's own requests already.
            drop(thread.join());
        }
    }
}

/// The service on a thread of its own, as its process would have it.
async fn run(settings: Settings, shutdown: CancellationToken) -> (u16, thread::JoinHandle<()>) {
    let (tell_port, port) = tokio::sync::oneshot::channel();
    let thread = thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let application = Application::build(&settings, shutdown).unwrap();
            tell_port.send(application.port()).unwrap();
            application.run_until_stopped().await.unwrap();
        });
    });
    (port.await.unwrap(), thread)
}

pub(crate) fn token(user_id: &str) -> String {
    let claims = json!({
        "sub": user_id, "iss": "https://id.example", "aud": "shop", "exp": get_current_timestamp() + 600,
    });
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// The body of a request for an intent.
pub(crate) fn order(provider: &str, cart_version: i64) -> Value {
    json!({
        "provider": provider,
        "cart_version": cart_version,
        "shipping_address": {
            "full_name": "Sita Rai", "phone": "9800000000", "line1": "Ward 4", "city": "Pokhara",
            "province": "Gandaki", "country": "Nepal",
        },
    })
}
