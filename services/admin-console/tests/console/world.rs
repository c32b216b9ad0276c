//! One test's world: database, identity provider, console, browser.

use std::{
    collections::HashMap,
    sync::mpsc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use admin_console::Application;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use service_kit::settings::Settings;
use test_support::TestDatabase;
use tokio_util::sync::CancellationToken;

/// Bounds every wait of these tests.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) client: Client,
    /// Where the console is.
    pub(crate) url: String,
    sandbox: Sandbox,
    shutdown: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (code, headers) = (response.status().as_u16(), response.headers().clone());
        Self { code, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("{} is not JSON: {}", self.code, self.text))
    }

    /// The cookie of this name as it was set, with its attributes.
    pub(crate) fn set_cookie(&self, name: &str) -> Option<String> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies
            .map(|value| value.to_str().unwrap().to_owned())
            .find(|value| value.starts_with(&format!("{name}=")))
    }

    /// The CSRF token on the page.
    pub(crate) fn csrf(&self) -> String {
        let (_, rest) = self.text.split_once(r#"name="csrf" value=""#).expect("the page has no CSRF token");
        rest.split('"').next().unwrap().to_owned()
    }
}

/// Somebody's browser with a session, or without one.
pub(crate) struct Browser<'a> {
    world: &'a World,
    cookie: Option<String>,
}

impl Browser<'_> {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.world.client.request(method, format!("{}{path}", self.world.url));
        let request = request.header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    /// A form as a page of the console sends it: with its origin and the session's proof.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.get("/admin").await.csrf();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.send_form(path, &fields, &[("origin", &self.world.url)]).await
    }

    /// A form with exactly these fields and headers.
    pub(crate) async fn send_form(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = self.request(Method::POST, path).form(fields);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Answer::of(request.send().await.unwrap()).await
    }
}

pub(crate) async fn world() -> World {
    world_with(&[]).await
}

/// A world whose console has these settings instead of the usual ones; an empty one takes a setting away.
pub(crate) async fn world_with(changes: &[(&str, &str)]) -> World {
    service_kit::tls::install_crypto_provider();
    let database = TestDatabase::create().await;
    let sandbox = Sandbox::start(SandboxSettings::default()).await.unwrap();
    let issuer = format!("{}/identity", sandbox.url());
    let usual = [
        ("DATABASE_URL", database.url().to_owned()),
        ("HTTP__ADDR", "127.0.0.1:0".to_owned()),
        ("AUTH__JWKS_URL", format!("{issuer}/.well-known/jwks.json")),
        ("AUTH__ISSUER", issuer),
        ("AUTH__AUDIENCE", "storefront".to_owned()),
        ("ADMIN__AUDIENCE", "operators".to_owned()),
        ("ADMIN__SIGN_IN_URL", format!("{}/sign-in", sandbox.url())),
    ];
    let mut settings: HashMap<String, String> =
        usual.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for (name, value) in changes {
        settings.insert((*name).to_owned(), (*value).to_owned());
    }
    let shutdown = CancellationToken::new();
    let (port, thread) = start(settings, shutdown.clone());
    let client =
        Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(WAIT_MAX).build().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    World { database, client, url, sandbox, shutdown, thread: Some(thread) }
}

/// The console on a thread of its own, as a process has it.
fn start(settings: HashMap<String, String>, shutdown: CancellationToken) -> (u16, JoinHandle<()>) {
    let (started, port) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let settings = Settings::from_sources(settings, None).unwrap();
            let application = Application::build(&settings, shutdown).unwrap();
            started.send(application.port()).unwrap();
            application.run_until_stopped().await.unwrap();
        });
    });
    (port.recv().expect("the console did not start"), thread)
}

impl World {
    /// A token of the identity provider.
    pub(crate) async fn token(&self, request: Value) -> String {
        let url = format!("{}/identity/token", self.sandbox.url());
        let answer = self.client.post(url).json(&request).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let body: Value = answer.json().await.unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn token_of(&self, name: &str, role: &str) -> String {
        self.token(json!({ "sub": name, "audience": "operators", "role": role })).await
    }

    /// A browser in which nobody is signed in.
    pub(crate) const fn stranger(&self) -> Browser<'_> {
        Browser { world: self, cookie: None }
    }

    /// A browser that holds this token as its session.
    pub(crate) fn holding(&self, token: &str) -> Browser<'_> {
        Browser { world: self, cookie: Some(format!("admin_session={token}")) }
    }

    /// A browser in which somebody has signed in, with the cookie the console set.
    pub(crate) async fn signed_in(&self, name: &str, role: &str) -> Browser<'_> {
        let token = self.token_of(name, role).await;
        let answer = self.stranger().send_form("/admin/session", &[("token", &token)], &[]).await;
        assert_eq!(answer.code, 303, "{}", answer.text);
        let cookie = answer.set_cookie("admin_session").expect("no session");
        Browser { world: self, cookie: cookie.split(';').next().map(str::to_owned) }
    }

    /// A grant, as the command makes it. Returns its number and its token.
    pub(crate) async fn grant(&self, role: domain::grants::GrantedRole, ttl: Duration) -> (i64, String) {
        let mut connection = self.database.pool_as("admin_console").connection().await.unwrap();
        let new = domain::grants::NewGrant {
            operator: "gita",
            role,
            ttl,
            granted_by: "root, as a test",
            reason: "the night shift",
        };
        let granted = domain::grants::grant(&mut connection, new).await.unwrap();
        (granted.id, granted.token)
    }

    /// One figure from the database.
    pub(crate) async fn figure(&self, sql: &str) -> i64 {
        self.database.client().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Looks at a page, within bounds, until it is as wanted.
    pub(crate) async fn wait_for(
        &self,
        browser: &Browser<'_>,
        path: &str,
        is_wanted: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let answer = browser.get(path).await;
            if is_wanted(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{path} is still {}: {}", answer.code, answer.text);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The last look: the console stops by itself.
    pub(crate) async fn finish(mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the console panicked");
        }
        self.sandbox.stop().await;
    }
}
