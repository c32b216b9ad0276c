use std::{collections::BTreeMap, process::Stdio, time::Duration};

use anyhow::{Context, ensure};
use pipeline_tests::{http_client, run, start};
use reqwest::header;
use tokio::{
    process::Child,
    time::{Instant, sleep, timeout},
};

/// What the overview says before its first sample.
const NO_FIGURES: &str = "The first figures are being taken.";
/// Of the whole overview over a full database.
const FIGURES_TIMEOUT: Duration = Duration::from_secs(60);
const READY_TIMEOUT: Duration = Duration::from_secs(30);
const READY_POLL_INTERVAL: Duration = Duration::from_millis(50);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// The console's real binary, and a viewer before it.
pub(super) struct Console {
    process: Child,
    base: String,
    session: String,
    http: reqwest::Client,
}

impl Console {
    pub(super) async fn start(database_url: &str) -> anyhow::Result<Self> {
        let environment = |more: &[(&str, &str)]| -> BTreeMap<String, String> {
            let known =
                [("DATABASE_URL", database_url), ("ADMIN__GRANTS_ACCEPTED", "true"), ("RUST_LOG", "warn")];
            let all = known.iter().chain(more);
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let grant =
            ["--json", "grant", "--role", "viewer", "--ttl", "8h", "--name", "bench", "--reason", "bench"];
        let granted = run("admin-console", &grant, environment(&[])).await?;
        ensure!(granted.status.success(), "no grant: {}", String::from_utf8_lossy(&granted.stderr));
        let granted: serde_json::Value = serde_json::from_slice(&granted.stdout)?;
        let token =
            granted.get("token").and_then(serde_json::Value::as_str).context("a grant without a token")?;

        let (process, address) = start("admin-console", environment(&[]), Stdio::inherit())?;
        let http = http_client()?;
        let console = Self {
            process,
            base: format!("http://{address}"),
            session: format!("admin_session={token}"),
            http,
        };
        console.await_ready().await?;
        console.await_figures().await?;
        Ok(console)
    }

    /// The overview is as heavy as it gets only when it has been sampled.
    async fn await_figures(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + FIGURES_TIMEOUT;
        while self.get("/admin").await?.contains(NO_FIGURES) {
            ensure!(Instant::now() < deadline, "the console has no figures after {FIGURES_TIMEOUT:?}");
            sleep(READY_POLL_INTERVAL).await;
        }
        Ok(())
    }

    async fn await_ready(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            let answer = self.http.get(format!("{}/readyz", self.base)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the console is not ready after {READY_TIMEOUT:?}");
            sleep(READY_POLL_INTERVAL).await;
        }
    }

    /// A page, whole.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<String> {
        let request = self.http.get(format!("{}{path}", self.base)).header(header::COOKIE, &self.session);
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        ensure!(status.is_success(), "{path}: {status}: {body}");
        Ok(body)
    }

    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.process.start_kill()?;
        timeout(STOP_TIMEOUT, self.process.wait()).await.context("the console does not end")??;
        Ok(())
    }
}
