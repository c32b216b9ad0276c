//! Answers as they leave the gateway: whole, late, or not what was asked for.

use std::{io, time::Duration};

use actix_web::{HttpResponse, http::StatusCode};
use futures_util::stream;
use serde::Serialize;

use crate::modes::{Mode, ModeSet};

const PAGE: &str = "<!doctype html><html><head><title>Sandbox</title></head><body><h1>Not the answer you expected</h1></body></html>";

/// A JSON answer on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, body: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self { status, body: serde_json::to_string(body)? })
    }

    pub(crate) fn into_response(self) -> HttpResponse {
        HttpResponse::build(self.status).content_type("application/json").body(self.body)
    }
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Forbidden,
    RateLimited,
    ServerError,
    Html,
    Truncated,
    Dropped,
}

impl Fault {
    /// The fault that the modes of status and lookup ask for.
    pub(crate) fn of_answer(modes: &ModeSet) -> Option<Self> {
        [
            (Mode::AnswerDropped, Self::Dropped),
            (Mode::AnswerForbidden, Self::Forbidden),
            (Mode::AnswerRateLimited, Self::RateLimited),
            (Mode::AnswerServerError, Self::ServerError),
            (Mode::AnswerHtml, Self::Html),
            (Mode::AnswerTruncated, Self::Truncated),
        ]
        .into_iter()
        .find_map(|(mode, fault)| modes.has(mode).then_some(fault))
    }
}

/// Waits, then sends what the fault leaves of the answer.
pub(crate) async fn send(answer: Answer, fault: Option<Fault>, silence: Duration) -> HttpResponse {
    if !silence.is_zero() {
        tokio::time::sleep(silence).await;
    }
    match fault {
        None => answer.into_response(),
        Some(Fault::Forbidden) => page(StatusCode::FORBIDDEN),
        Some(Fault::RateLimited) => page(StatusCode::TOO_MANY_REQUESTS),
        Some(Fault::ServerError) => page(StatusCode::SERVICE_UNAVAILABLE),
        Some(Fault::Html) => page(StatusCode::OK),
        Some(Fault::Truncated) => {
            let half: String = answer.body.chars().take(answer.body.chars().count() / 2).collect();
            Answer { body: half, ..answer }.into_response()
        }
        Some(Fault::Dropped) => dropped(),
    }
}

fn page(status: StatusCode) -> HttpResponse {
    HttpResponse::build(status).content_type("text/html; charset=utf-8").body(PAGE)
}

/// The server closes the connection when the body it was promised breaks off.
fn dropped() -> HttpResponse {
    let broken =
        io::Error::new(io::ErrorKind::ConnectionAborted, "the sandbox was told to drop the connection");
    HttpResponse::Ok().streaming(stream::iter([Err::<actix_web::web::Bytes, _>(broken)]))
}
