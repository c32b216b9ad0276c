use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use service_kit::{auth::Shopper, http::Problem};

use super::OrderBody;
use crate::{app::State, error, openapi::ProblemDocument};

/// One of the shopper's own orders.
#[utoipa::path(get, path = "/api/orders/{order_number}", tag = "orders", security(("bearer" = [])),
    params(("order_number" = String, Path)), responses(
    (status = 200, body = OrderBody),
    (status = 401, description = "`unauthenticated`", body = ProblemDocument),
    (status = 404, description = "`not_found`: also for somebody else's order", body = ProblemDocument),
    (status = 429, description = "`rate_limited`", body = ProblemDocument),
    (status = 503, description = "`service_unavailable`", body = ProblemDocument),
))]
pub(crate) async fn get(
    state: Data<State>,
    shopper: Shopper,
    order_number: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut connection = state.pool.connection().await.map_err(error::database)?;
    let found = domain::orders::get(&mut connection, &shopper.user_id, &order_number).await;
    let order = found.map_err(error::database)?.ok_or_else(|| error::not_found("order"))?;
    Ok(HttpResponse::Ok().json(OrderBody::from(order)))
}
