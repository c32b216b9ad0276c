//! A whole process: `examples/smallest.rs`, started with an environment and stopped by a signal. Cargo builds it with
//! the package's tests; `--test process` alone does not.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails by panicking"
)]

use std::{net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use actix_web::{HttpResponse, HttpServer, web};
use serde_json::Value;
use service_kit::tls;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::mpsc,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(30);
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

fn smallest(environment: &[(&str, &str)]) -> Command {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let mut command = Command::new(path.join("examples/smallest"));
    command.env_clear().envs(environment.iter().copied()).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

struct Running {
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Running {
    async fn start(environment: &[(&str, &str)]) -> Self {
        let mut child = smallest(environment).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = line_with(&mut log, "listening").await;
        let address = listening["addr"].as_str().unwrap().parse().unwrap();
        Self { child, log, address }
    }

    async fn get(&self, path: &str) -> String {
        let request = reqwest::Client::new()
            .get(format!("http://{}{path}", self.address))
            .header("traceparent", format!("00-{TRACE_ID}-b7ad6b7169203331-01"))
            .header("x-request-id", "request-7");
        request.send().await.unwrap().text().await.unwrap()
    }

    /// Sends SIGTERM and returns the exit status.
    async fn stop(mut self) -> Option<i32> {
        let process_id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &process_id]).status().await.unwrap().success());
        timeout(PATIENCE, self.child.wait()).await.expect("the process ends").unwrap().code()
    }
}

async fn line_with(log: &mut Lines<BufReader<ChildStdout>>, message: &str) -> Value {
    let find = async {
        loop {
            let line = log.next_line().await.unwrap().expect("the log goes on");
            let line: Value = serde_json::from_str(&line).expect("every line is JSON");
            if line["message"] == message {
                return line;
            }
        }
    };
    timeout(PATIENCE, find).await.unwrap_or_else(|_| panic!("no line `{message}`"))
}

#[actix_web::test]
async fn a_wrong_setting_stops_the_start_with_one_line_on_stderr() {
    let output = smallest(&[("WORKER__LEASE_SECONDS", "0")]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let expected = "WORKER__LEASE_SECONDS: must be above 0 and at most 315360000 seconds\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
    assert!(output.stdout.is_empty());
}

#[actix_web::test]
async fn a_request_joins_its_callers_trace_and_its_line_says_so_without_the_query() {
    tls::install_crypto_provider();
    let mut running = Running::start(&[]).await;
    let traceparent = running.get("/traceparent?token=secret").await;
    let (trace_id, span_id) = traceparent.strip_prefix("00-").unwrap().split_once('-').unwrap();
    assert_eq!(trace_id, TRACE_ID);
    assert!(!span_id.starts_with("b7ad6b7169203331"), "a span of its own");
    let line = line_with(&mut running.log, "request answered").await;
    assert_eq!(line["trace_id"], TRACE_ID);
    assert_eq!(line["request_id"], "request-7");
    assert_eq!(line["http.route"], "/traceparent");
    assert_eq!(line["service"], "smallest");
    assert_eq!(line["status"], 200);
    assert!(!line.to_string().contains("secret"), "{line}");
    assert_eq!(running.stop().await, Some(0));
}

#[actix_web::test]
async fn spans_reach_the_collector_before_the_process_ends() {
    tls::install_crypto_provider();
    let (received, mut exports) = mpsc::unbounded_channel();
    let collector = HttpServer::new(move || {
        let received = received.clone();
        actix_web::App::new().default_service(web::to(move |body: web::Bytes| {
            let received = received.clone();
            async move {
                received.send(body).unwrap();
                HttpResponse::Ok().finish()
            }
        }))
    });
    let collector = collector.workers(1).bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.addrs()[0]);
    tokio::spawn(collector.run());

    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_SERVICE_NAME", "renamed")];
    let running = Running::start(&environment).await;
    running.get("/traceparent").await;
    assert_eq!(running.stop().await, Some(0));
    let export = timeout(PATIENCE, exports.recv()).await.unwrap().unwrap();
    let contains = |text: &str| export.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(contains("GET /traceparent") && contains("renamed"));
}

#[actix_web::test]
async fn a_collector_that_is_away_holds_up_nothing() {
    tls::install_crypto_provider();
    // Accepts connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let running = Running::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())]).await;
    assert!(running.get("/traceparent").await.starts_with("00-"));
    let stopping = std::time::Instant::now();
    assert_eq!(running.stop().await, Some(0));
    assert!(stopping.elapsed() < Duration::from_secs(8), "took {:?}", stopping.elapsed());
}
