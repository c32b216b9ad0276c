//! One running console, and the people before it.

use std::{collections::HashMap, thread, time::Duration};

use admin_console::Application;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use service_kit::settings::Settings;
use test_support::{
    TestDatabase,
    factories::{Intent, Provider, Shop},
};
use tokio_util::sync::CancellationToken;

const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes";
/// Bounds every wait of these tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// A console with its database; everything ends with the value.
pub(crate) struct Server {
    pub(crate) database: TestDatabase,
    pub(crate) shop: Shop,
    pub(crate) base: String,
    http: reqwest::Client,
    shutdown: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    pub(crate) location: Option<String>,
}

impl Answer {
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        &self.text
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.ok()).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Asserts a refusal with this status whose text says this.
    pub(crate) fn refused(&self, status: u16, says: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert!(self.text.contains(says), "`{says}` is not said: {}", self.text);
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        service_kit::tls::install_crypto_provider();
        let database = TestDatabase::create().await;
        let environment: HashMap<String, String> = [
            ("DATABASE_URL", database.url()),
            ("HTTP__ADDR", "127.0.0.1:0"),
            ("AUTH__JWT_SECRET", SECRET),
            ("AUTH__ISSUER", "https://id.example"),
            ("AUTH__AUDIENCE", "shop"),
            ("ADMIN__AUDIENCE", "console"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let settings = Settings::from_sources(environment, None).unwrap();
        let shutdown = CancellationToken::new();
        let (port, thread) = run(settings, shutdown.clone()).await;
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let shop = Shop::open(&database).await;
        let base = format!("http://127.0.0.1:{port}");
        Self { database, shop, base, http, shutdown, thread: Some(thread) }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let status = response.status();
        let location = response.headers().get(header::LOCATION);
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        Answer { status, location, text: response.text().await.unwrap() }
    }

    /// Looks at a page or asks the API, as a browser's session of this role does.
    pub(crate) async fn get_as(&self, role: &str, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.base));
        self.send(request.header(header::COOKIE, format!("admin_session={}", token(role)))).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as("operator", path).await
    }

    /// Sends a change as a program of this role does.
    pub(crate) async fn post_as(&self, role: &str, path: &str, body: &Value) -> Answer {
        let request = self.http.request(Method::POST, format!("{}{path}", self.base));
        self.send(request.bearer_auth(token(role)).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_as("operator", path, body).await
    }

    /// Presses the button of a form that stands on a page, with a reason: every hidden field as the page has it.
    pub(crate) async fn press(
        &self,
        page: &str,
        action: &str,
        verb: &str,
        filled: &[(&str, &str)],
    ) -> Answer {
        let token = token("operator");
        let cookie = format!("admin_session={token}");
        let page = self.http.get(format!("{}{page}", self.base)).header(header::COOKIE, &cookie);
        let page = self.send(page).await;
        let form = form_with(page.ok(), action, verb);
        let mut fields = hidden_fields(form);
        fields.push(("reason".to_owned(), "because of a test".to_owned()));
        fields.extend(filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.submit(&cookie, action, &fields).await
    }

    pub(crate) async fn submit(&self, cookie: &str, action: &str, fields: &[(String, String)]) -> Answer {
        let request = self.http.request(Method::POST, format!("{}{action}", self.base));
        let request = request.header(header::COOKIE, cookie).header(header::ORIGIN, &self.base);
        self.send(request.form(fields)).await
    }

    /// Presses the same button twice, as an impatient person does: the same fields, one after the other.
    pub(crate) async fn press_twice(&self, page: &str, action: &str, verb: &str) -> (Answer, Answer) {
        let token = token("operator");
        let cookie = format!("admin_session={token}");
        let shown = self.http.get(format!("{}{page}", self.base)).header(header::COOKIE, &cookie);
        let shown = self.send(shown).await;
        let mut fields = hidden_fields(form_with(shown.ok(), action, verb));
        fields.push(("reason".to_owned(), "because of a test".to_owned()));
        let first = self.submit(&cookie, action, &fields).await;
        (first, self.submit(&cookie, action, &fields).await)
    }

    /// A job of no known type in a state.
    pub(crate) async fn job(&self, status: &str, error: Option<&str>) -> i64 {
        let make = "INSERT INTO job_queue (job_type, status, attempts, last_error, failed_at, completed_at, run_at, lease_no)
            VALUES ('mend_shoes', $1, 5, $2, CASE $1 WHEN 'failed' THEN now() END,
                    CASE $1 WHEN 'completed' THEN now() END, now() + interval '1 hour', 7)
            RETURNING id";
        self.shop.client.query_one(make, &[&status, &error]).await.unwrap().get(0)
    }

    pub(crate) async fn job_state(&self, id: i64) -> String {
        let read = "SELECT status FROM job_queue WHERE id = $1";
        self.shop.client.query_one(read, &[&id]).await.unwrap().get(0)
    }

    /// An open payment.
    pub(crate) async fn payment(&self) -> Intent {
        let variant = self.shop.variant(50_000, 3).await;
        let cart = self.shop.cart(&[(&variant, 1)]).await;
        self.shop.intent(Provider::Esewa, &cart).await
    }

    /// A payment that came after its stock was sold: its case's id, and its variant.
    pub(crate) async fn late_payment(&self) -> (Intent, i64, String) {
        let variant = self.shop.variant(50_000, 1).await;
        let cart = self.shop.cart(&[(&variant, 1)]).await;
        let intent = self.shop.intent(Provider::Esewa, &cart).await;
        self.shop.release(&intent, "expired").await;
        self.shop.client.execute("SELECT set_stock($1, 0, 'sold elsewhere')", &[&variant]).await.unwrap();
        self.shop.verify(&intent).await;
        let review = "WITH moved AS (UPDATE payment_intents SET status = 'under_review', status_cause = 'paid late' WHERE payment_intent_id = $1),
                 done AS (UPDATE job_queue SET status = 'completed', completed_at = now() WHERE idempotency_key = 'finalize_order:' || $1)
            INSERT INTO review_cases (payment_intent_id, kind, detail)
            VALUES ($1, 'late_payment', '[{\"kind\":\"late_payment\",\"why\":\"stock is short\"}]') RETURNING id";
        let case = self.shop.client.query_one(review, &[&intent.payment_intent_id]).await.unwrap().get(0);
        (intent, case, variant)
    }

    pub(crate) async fn count(&self, query: &str) -> i64 {
        self.shop.client.query_one(query, &[]).await.unwrap().get(0)
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

fn token(role: &str) -> String {
    let claims = json!({
        "sub": "hari", "iss": "https://id.example", "aud": "console", "role": role, "exp": get_current_timestamp() + 600,
    });
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

/// The form on a page that is sent to an address and has a button of this name.
fn form_with<'a>(page: &'a str, action: &str, verb: &str) -> &'a str {
    let opening = format!("action=\"{action}\"");
    let button = format!("<button>{verb}</button>");
    let form = page.split("<form").find(|form| form.contains(&opening) && form.contains(&button));
    form.unwrap_or_else(|| panic!("no form with {button} to {action}: {page}"))
}

fn hidden_fields(form: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for input in form.split("<input type=\"hidden\" ").skip(1) {
        let name = input.split("name=\"").nth(1).unwrap().split('"').next().unwrap();
        let value = input.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
        let value =
            value.replace("&#38;", "&").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">");
        fields.push((name.to_owned(), value));
    }
    fields
}
