//! Where Khalti would be: answers `epayment/initiate/` as a test tells it to.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::{App, HttpResponse, HttpServer, web};
use serde_json::json;
use tokio::sync::Semaphore;

/// What one call gets.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A session, as usual.
    Session,
    /// HTTP 503.
    Outage,
    /// HTTP 400 with a reason.
    Refusal,
    /// A session, once the test lets go.
    SessionWhenReleased(Arc<Semaphore>),
}

#[derive(Debug, Default)]
struct Script {
    replies: Mutex<VecDeque<Reply>>,
    calls: AtomicUsize,
}

/// Listens until dropped. Without a script every call gets a session.
pub(crate) struct FakeKhalti {
    /// For `KHALTI__BASE_URL`.
    pub(crate) url: String,
    script: Arc<Script>,
    server: actix_web::dev::ServerHandle,
}

impl FakeKhalti {
    pub(crate) async fn start() -> Self {
        let script = Arc::new(Script::default());
        let shared = web::Data::from(Arc::clone(&script));
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).route("/api/v2/epayment/initiate/", web::post().to(initiate))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}/api/v2/", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, script, server: handle }
    }

    /// What the next calls get, in this order; later ones get sessions.
    pub(crate) fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.replies.lock().unwrap().extend(replies);
    }

    /// Calls so far.
    pub(crate) fn calls(&self) -> usize {
        AtomicUsize::load(&self.script.calls, Ordering::SeqCst)
    }
}

impl Drop for FakeKhalti {
    fn drop(&mut self) {
        // The future only waits for the stop that was ordered by making it.
        drop(self.server.stop(false));
    }
}

async fn initiate(script: web::Data<Script>) -> HttpResponse {
    let call = script.calls.fetch_add(1, Ordering::SeqCst) + 1;
    let reply = script.replies.lock().unwrap().pop_front().unwrap_or(Reply::Session);
    match reply {
        Reply::Session => {}
        Reply::Outage => return HttpResponse::ServiceUnavailable().finish(),
        Reply::Refusal => {
            return HttpResponse::BadRequest()
                .json(json!({"amount": ["Amount should be less."], "error_key": "validation_error"}));
        }
        Reply::SessionWhenReleased(gate) => drop(gate.acquire().await.unwrap()),
    }
    let pidx = format!("pidx{call}{}", uuid::Uuid::new_v4().simple());
    HttpResponse::Ok().json(json!({
        "payment_url": format!("https://test-pay.khalti.com/?pidx={pidx}"), "pidx": pidx,
        "expires_at": "2030-05-25T16:26:16.471649+05:45", "expires_in": 1800,
    }))
}
