//! One file an action: parse, use case, answer.

pub(crate) mod assets;
pub(crate) mod esewa_failure;
pub(crate) mod esewa_return;
pub(crate) mod khalti_return;
pub(crate) mod status;
pub(crate) mod status_stream;
pub(crate) mod unattended;
pub(crate) mod webhook;

use actix_web::{HttpRequest, HttpResponse};
use domain::payments::{
    callback::{Callback, CallbackKind, Judge, Named, RawPayload},
    gateway::Provider,
};
use service_kit::http::Problem;

use crate::{answer::Standing, app::State, preference::Preference, refusal::Refusal};

/// A redirect, which names its intent in the path and carries the rest in the query.
fn redirect(request: &HttpRequest, provider: Provider, kind: CallbackKind, id: String) -> Callback {
    let raw_payload = RawPayload::keep(request.query_string().as_bytes());
    Callback { provider, kind, named: Named::Intent(id), raw_payload }
}

/// Receives a redirect and answers the browser that brought it.
async fn receive_redirect(
    request: &HttpRequest,
    state: &State,
    callback: Callback,
    judge: Judge,
) -> Result<HttpResponse, Problem> {
    let received = match state.desk.receive(callback, judge).await {
        Ok(received) => received,
        Err(error) => return Refusal::from(error).answer(request),
    };
    let standing = Standing { intent: received.intent, status: received.status };
    match &state.return_url {
        Some(return_url) if Preference::of(request) != Preference::Json => Ok(standing.redirect(return_url)),
        Some(_) | None => standing.show(request, state.shop_url.as_ref()),
    }
}
