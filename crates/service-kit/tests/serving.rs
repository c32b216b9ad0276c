//! Readiness, figures, limits and draining, through real sockets where sockets matter.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, http::StatusCode, test, web};
use serde_json::{Value, json};
use service_kit::{
    health::Health,
    http::RateLimit,
    server::{Server, Surface, app},
    settings::{HttpSettings, Settings},
    telemetry, tls,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Bounds every wait of these tests.
const PATIENCE: Duration = Duration::from_secs(20);

async fn get(surface: &Surface, path: &str) -> (StatusCode, String) {
    let app = test::init_service(app(surface)).await;
    let peer = "203.0.113.7:1".parse().unwrap();
    let request = test::TestRequest::get().uri(path).peer_addr(peer).to_request();
    let response = test::call_service(&app, request).await;
    let status = response.status();
    (status, String::from_utf8(test::read_body(response).await.to_vec()).unwrap())
}

#[actix_web::test]
async fn readiness_names_the_dependency_that_is_missing_and_liveness_does_not_care() {
    let database_up = Arc::new(AtomicBool::new(false));
    let probed = Arc::clone(&database_up);
    let health = Health::new().probe("loop", async || Ok(())).probe("database", move || {
        let up = probed.load(Ordering::SeqCst);
        async move { if up { Ok(()) } else { Err("connection refused".to_owned()) } }
    });
    let surface = Surface::new(health);
    let (status, body) = get(&surface, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let body: Value = serde_json::from_str(&body).unwrap();
    let expected = json!({"status": "not ready", "probes": [
        {"name": "loop", "ready": true},
        {"name": "database", "ready": false, "reason": "connection refused"},
    ]});
    assert_eq!(body, expected);
    assert_eq!(get(&surface, "/livez").await.0, StatusCode::OK);

    database_up.store(true, Ordering::SeqCst);
    assert_eq!(get(&surface, "/readyz").await.0, StatusCode::OK);
}

#[actix_web::test]
async fn a_probe_that_hangs_is_a_failed_probe() {
    let surface = Surface::new(Health::new().probe("database", std::future::pending));
    let (status, body) = get(&surface, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("no answer within 2 s"), "{body}");
}

#[actix_web::test]
async fn figures_are_prometheus_text_with_routes_for_labels() {
    telemetry::meter().u64_counter("jobs.done").with_description("Jobs.").build().add(2, &[]);
    let surface = Surface::new(Health::new()).routes(|routes| {
        routes.service(web::resource("/things/{id}").route(web::get().to(HttpResponse::Ok)));
    });
    get(&surface, "/things/secret-7?token=x").await;
    get(&surface, "/nowhere/secret-7").await;
    let (status, text) = get(&surface, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("jobs_done_total 2"), "{text}");
    assert!(text.contains("http_server_request_duration_seconds_bucket"), "{text}");
    assert!(
        text.contains(r#"http_route="/things/{id}""#) && text.contains(r#"http_route="unmatched""#),
        "{text}"
    );
    assert!(!text.contains("secret-7"));
}

#[actix_web::test]
async fn a_client_over_its_limit_is_told_when_to_come_back() {
    let surface = Surface::new(Health::new()).limit_rate(Some(1));
    let statuses = [get(&surface, "/a").await.0, get(&surface, "/a").await.0];
    assert_eq!(statuses, [StatusCode::NOT_FOUND; 2]);
    let app = test::init_service(app(&surface)).await;
    let request = test::TestRequest::get().uri("/a").peer_addr("203.0.113.7:2".parse().unwrap());
    let refused = test::call_service(&app, request.to_request()).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers().get("retry-after").unwrap(), "1");
    assert!(refused.headers().contains_key("x-request-id"));
    assert_eq!(get(&surface, "/livez").await.0, StatusCode::OK);
}

#[actix_web::test]
async fn buckets_refill_and_are_kept_apart() {
    let limit = RateLimit::new(2);
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let now = Instant::now();
    let (first, neighbour, stranger) =
        (address("2001:db8::1"), address("2001:db8::2"), address("2001:db8:0:1::1"));
    for _ in 0..4 {
        assert_eq!(limit.admit(first, now), Ok(()));
    }
    assert_eq!(limit.admit(neighbour, now), Err(1), "one /64 is one client");
    assert_eq!(limit.admit(stranger, now), Ok(()));
    assert_eq!(limit.admit(first, now + Duration::from_millis(500)), Ok(()));
    assert_eq!(limit.admit(first, now + Duration::from_millis(500)), Err(1));
}

fn free_port() -> HttpSettings {
    Settings::from_sources(Default::default(), None).unwrap().http(([127, 0, 0, 1], 0).into()).unwrap()
}

#[actix_web::test]
async fn a_taken_port_stops_the_start_naming_the_variable() {
    let server = Server::bind(&free_port()).unwrap();
    let taken = HttpSettings { addr: server.addr(), ..free_port() };
    assert!(Server::bind(&taken).unwrap_err().to_string().starts_with("HTTP__ADDR: "));
}

#[actix_web::test]
async fn an_open_request_is_finished_after_the_token_is_cancelled() {
    tls::install_crypto_provider();
    let (entered, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, release) = (Arc::clone(&entered), Arc::clone(&released));
    let surface = Surface::new(Health::new()).routes(move |routes| {
        let (enter, release) = (Arc::clone(&enter), Arc::clone(&release));
        routes.service(web::resource("/slow").route(web::get().to(move || {
            let (enter, release) = (Arc::clone(&enter), Arc::clone(&release));
            async move {
                enter.notify_one();
                release.notified().await;
                "done"
            }
        })));
    });
    let server = Server::bind(&free_port()).unwrap();
    let address = server.addr();
    assert_ne!(address.port(), 0);
    let token = CancellationToken::new();
    let running = tokio::spawn(server.run(surface, token.clone()));
    let request = tokio::spawn(async move {
        reqwest::get(format!("http://{address}/slow")).await.unwrap().text().await.unwrap()
    });
    tokio::time::timeout(PATIENCE, entered.notified()).await.unwrap();
    token.cancel();
    released.notify_one();
    assert_eq!(tokio::time::timeout(PATIENCE, request).await.unwrap().unwrap(), "done");
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap().unwrap();
    assert!(reqwest::get(format!("http://{address}/livez")).await.is_err(), "nobody listens any more");
}
