//! `/livez`, `/readyz` and `/metrics`.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{HttpResponse, web};
use futures_util::future::{BoxFuture, FutureExt, join_all};
use serde::Serialize;

use crate::telemetry;

/// A probe that takes longer is a failed one; orchestrators ask again within seconds.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) const LIVEZ: &str = "/livez";
pub(crate) const READYZ: &str = "/readyz";
pub(crate) const METRICS: &str = "/metrics";

type Ask = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

#[derive(Clone)]
struct Probe {
    name: &'static str,
    ask: Ask,
}

/// What readiness depends on. Clones share one memory of the last answer.
#[derive(Clone, Default)]
pub struct Health {
    probes: Vec<Probe>,
    last_complaint: Arc<Mutex<Option<String>>>,
}

#[derive(Debug, Serialize)]
struct Readiness {
    status: &'static str,
    probes: Vec<Outcome>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    name: &'static str,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Health {
    /// Nothing to ask: ready as soon as it listens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a dependency. `ask` says in one line why the service cannot work, without secrets: the line is public.
    #[must_use]
    pub fn probe<A, F>(mut self, name: &'static str, ask: A) -> Self
    where
        A: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.probes.push(Probe { name, ask: Arc::new(move || ask().boxed()) });
        self
    }

    /// Mounts the three paths.
    pub fn configure(&self, routes: &mut web::ServiceConfig) {
        let health = self.clone();
        routes
            .service(web::resource(LIVEZ).route(web::get().to(async || "alive\n")))
            .service(web::resource(READYZ).route(web::get().to(move || readyz(health.clone()))))
            .service(web::resource(METRICS).route(web::get().to(metrics)));
    }

    async fn readiness(&self) -> Readiness {
        let outcomes = self.probes.iter().map(|probe| async {
            let answer = tokio::time::timeout(PROBE_TIMEOUT, (probe.ask)()).await;
            let reason = match answer {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some(reason),
                Err(_elapsed) => Some(format!("no answer within {} s", PROBE_TIMEOUT.as_secs())),
            };
            Outcome { name: probe.name, ready: reason.is_none(), reason }
        });
        let probes = join_all(outcomes).await;
        let complaint =
            probes.iter().find_map(|p| p.reason.as_ref().map(|reason| format!("{}: {reason}", p.name)));
        let status = if complaint.is_none() { "ready" } else { "not ready" };
        self.log_a_change(complaint);
        Readiness { status, probes }
    }

    /// Orchestrators ask every few seconds; the log hears of it when the answer changes.
    fn log_a_change(&self, complaint: Option<String>) {
        let mut last = self.last_complaint.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*last, &complaint) {
            (before, Some(reason)) if before.as_ref() != Some(reason) => tracing::warn!(reason, "not ready"),
            (Some(_), None) => tracing::info!("ready again"),
            _ => {}
        }
        *last = complaint;
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.probes.iter().map(|probe| probe.name)).finish()
    }
}

async fn readyz(health: Health) -> HttpResponse {
    let readiness = health.readiness().await;
    match readiness.probes.iter().all(|probe| probe.ready) {
        true => HttpResponse::Ok().json(readiness),
        false => HttpResponse::ServiceUnavailable().json(readiness),
    }
}

async fn metrics() -> HttpResponse {
    match telemetry::render_metrics() {
        Ok(text) => HttpResponse::Ok().content_type(prometheus::TEXT_FORMAT).body(text),
        Err(error) => {
            tracing::error!(%error, "the figures cannot be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}
