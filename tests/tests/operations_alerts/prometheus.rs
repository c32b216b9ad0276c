//! A real Prometheus with the shipped rules, scraping a running pipeline.

use std::{
    collections::BTreeSet,
    env,
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
};

use pipeline_tests::Pipeline;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::world::{SERVICES, until};

/// Alerts wait for minutes, so that a passing trouble wakes nobody. Here the trouble is known to last.
const SHORT_FOR: &str = "for: 1s";

/// Ends with the value.
pub(crate) struct Prometheus {
    url: String,
    http: reqwest::Client,
    // Held for their ends: the process, then its folder.
    _process: Child,
    _folder: TempDir,
}

impl Prometheus {
    /// Scrapes every service twice a second under the rules as shipped, but for how long a trouble has to last.
    pub(crate) async fn start(pipeline: &Pipeline) -> Self {
        let Some(program) = env::var_os("PROMETHEUS") else {
            panic!("PROMETHEUS is not set; run this by `make test-alerts`");
        };
        let folder = TempDir::new().unwrap();
        let shipped = shipped_folder();
        for name in ["alerts.yaml", "recording.yaml"] {
            let rules = fs::read_to_string(shipped.join(name)).unwrap();
            fs::write(folder.path().join(name), shortened(&rules)).unwrap();
        }
        fs::write(folder.path().join("prometheus.yaml"), configuration(pipeline)).unwrap();
        let address = free_address();
        let process = Command::new(program)
            .arg(format!("--config.file={}", folder.path().join("prometheus.yaml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=warn")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let http = pipeline_tests::http_client().unwrap();
        let started = Self { url: format!("http://{address}"), http, _process: process, _folder: folder };
        until("Prometheus is ready", async || {
            match started.http.get(format!("{}/-/ready", started.url)).send().await {
                Ok(answer) if answer.status().is_success() => Ok(()),
                Ok(answer) => Err(answer.status().to_string()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
        started
    }

    /// The names of the alerts that fire.
    pub(crate) async fn firing(&self) -> BTreeSet<String> {
        let answer = self.http.get(format!("{}/api/v1/alerts", self.url)).send().await.unwrap();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let alerts = told["data"]["alerts"].as_array().unwrap().iter();
        let firing = alerts.filter(|alert| alert["state"] == "firing");
        firing.map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn await_firing(&self, alert: &str) {
        until(&format!("{alert} fires"), async || {
            let firing = self.firing().await;
            if firing.contains(alert) { Ok(()) } else { Err(format!("{firing:?} fire")) }
        })
        .await;
    }

    pub(crate) async fn await_ended(&self, alert: &str) {
        until(&format!("{alert} fires no more"), async || {
            let firing = self.firing().await;
            if firing.contains(alert) { Err(format!("{firing:?} fire")) } else { Ok(()) }
        })
        .await;
    }

    pub(crate) async fn await_quiet(&self) {
        until("no alert fires", async || {
            let firing = self.firing().await;
            if firing.is_empty() { Ok(()) } else { Err(format!("{firing:?} fire")) }
        })
        .await;
    }
}

/// `deploy/prometheus` of this checkout.
fn shipped_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/prometheus")
}

fn shortened(rules: &str) -> String {
    let mut shortened = String::new();
    for line in rules.lines() {
        let words = line.trim_start();
        let kept = if words.starts_with("for: ") { SHORT_FOR } else { words };
        let kept = if words.starts_with("interval: ") { "interval: 500ms" } else { kept };
        let indent = line.len() - words.len();
        writeln!(shortened, "{:indent$}{kept}", "").unwrap();
    }
    assert!(!rules.contains("alert:") || shortened.contains(SHORT_FOR), "the rules name no `for:`");
    shortened
}

fn configuration(pipeline: &Pipeline) -> String {
    let mut configuration =
        "global: {scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 500ms}\n\
        rule_files: [recording.yaml, alerts.yaml]\nscrape_configs:\n"
            .to_owned();
    for (job, program) in SERVICES {
        let target = pipeline.address(program).unwrap();
        writeln!(configuration, "  - {{job_name: {job}, static_configs: [{{targets: ['{target}']}}]}}")
            .unwrap();
    }
    configuration
}

fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}
