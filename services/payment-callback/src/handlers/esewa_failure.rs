use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use domain::payments::{callback::CallbackKind, gateway::Provider};
use service_kit::http::Problem;

use super::{receive_redirect, redirect};
use crate::{app::State, judge};

/// eSewa's redirect for everything else. It proves nothing: pending payers land here too, and anyone can open it.
pub(crate) async fn receive(
    request: HttpRequest,
    state: Data<State>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let kind = CallbackKind::FailureReturn;
    let judge = judge::esewa_redirect(state.esewa.clone(), kind, request.query_string());
    let callback = redirect(&request, Provider::Esewa, kind, id.into_inner());
    receive_redirect(&request, &state, callback, judge).await
}
