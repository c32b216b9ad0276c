use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use domain::payments::{callback::CallbackKind, gateway::Provider};
use service_kit::http::Problem;

use super::{receive_redirect, redirect};
use crate::{app::State, judge};

/// eSewa's success redirect.
pub(crate) async fn receive(
    request: HttpRequest,
    state: Data<State>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let judge = judge::esewa_redirect(state.esewa.clone(), CallbackKind::Return, request.query_string());
    let callback = redirect(&request, Provider::Esewa, CallbackKind::Return, id.into_inner());
    receive_redirect(&request, &state, callback, judge).await
}
