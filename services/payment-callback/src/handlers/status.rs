use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use domain::{
    client_status::{self, PaymentStatus},
    payments::ask,
};
use service_kit::http::Problem;

use crate::{answer::Standing, app::State, refusal::Refusal};

/// Where a payment stands.
pub(crate) async fn show(
    request: HttpRequest,
    state: Data<State>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    match standing(&state, &id).await {
        Ok(standing) => standing.show(&request, state.shop_url.as_ref()),
        Err(refusal) => refusal.answer(&request),
    }
}

/// # Errors
/// No such intent, or no database.
async fn standing(state: &State, payment_intent_id: &str) -> Result<Standing, Refusal> {
    if !is_plausible(payment_intent_id) {
        return Err(Refusal::UnknownIntent);
    }
    let mut connection = state.pool.connection().await?;
    let intent = ask::look_up(&mut connection, payment_intent_id).await?.ok_or(Refusal::UnknownIntent)?;
    let status = client_status::get(&mut connection, payment_intent_id).await?;
    Ok(Standing { intent, status: status.ok_or(Refusal::UnknownIntent)? })
}

/// What a stream needs of it: one statement.
///
/// # Errors
/// No such intent, or no database.
pub(super) async fn payment_status(state: &State, payment_intent_id: &str) -> Result<PaymentStatus, Refusal> {
    if !is_plausible(payment_intent_id) {
        return Err(Refusal::UnknownIntent);
    }
    let mut connection = state.pool.connection().await?;
    client_status::get(&mut connection, payment_intent_id).await?.ok_or(Refusal::UnknownIntent)
}

/// Whether it could be an id at all: letters, digits and underscores, and not many.
fn is_plausible(payment_intent_id: &str) -> bool {
    payment_intent_id.len() <= 64
        && payment_intent_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
