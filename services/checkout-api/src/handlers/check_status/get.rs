use actix_web::{HttpResponse, web::Data};
use service_kit::{
    auth::Shopper,
    http::{Problem, Query},
};

use super::{OfIntent, StatusBody, own_status};
use crate::{app::State, openapi::ProblemDocument};

/// Where a payment stands.
#[utoipa::path(get, path = "/api/orders/check-status", tag = "status", security(("bearer" = [])), params(OfIntent),
    responses(
    (status = 200, body = StatusBody),
    (status = 401, description = "`unauthenticated`", body = ProblemDocument),
    (status = 404, description = "`not_found`: also for somebody else's intent", body = ProblemDocument),
    (status = 422, description = "`validation_failed`", body = ProblemDocument),
    (status = 429, description = "`rate_limited`", body = ProblemDocument),
    (status = 503, description = "`service_unavailable`", body = ProblemDocument),
))]
pub(crate) async fn get(
    state: Data<State>,
    shopper: Shopper,
    query: Query<OfIntent>,
) -> Result<HttpResponse, Problem> {
    let status = own_status(&state, &shopper.user_id, &query.0.payment_intent_id).await?;
    Ok(HttpResponse::Ok().json(StatusBody::from(status)))
}
