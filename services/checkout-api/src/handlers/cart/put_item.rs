use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde::Deserialize;
use service_kit::{
    auth::Shopper,
    http::{Json, Problem},
};
use utoipa::ToSchema;

use super::CartBody;
use crate::{app::State, error, openapi::ProblemDocument};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutItem {
    /// Replaces the quantity the cart has.
    #[schema(minimum = 1, maximum = 999)]
    quantity: i32,
}

/// Sets how many of a variant the cart holds, at the catalogue's price of this moment.
#[utoipa::path(put, path = "/api/cart/items/{variant_id}", tag = "cart", security(("bearer" = [])),
    params(("variant_id" = String, Path)), request_body = PutItem, responses(
    (status = 200, body = CartBody),
    (status = 400, description = "`malformed_json`", body = ProblemDocument),
    (status = 401, description = "`unauthenticated`", body = ProblemDocument),
    (status = 404, description = "`not_found`: no such variant", body = ProblemDocument),
    (status = 409, description = "`variant_unavailable`", body = ProblemDocument),
    (status = 413, description = "`payload_too_large`", body = ProblemDocument),
    (status = 415, description = "`unsupported_media_type`", body = ProblemDocument),
    (status = 422, description = "`validation_failed`: also for the 101st line", body = ProblemDocument),
    (status = 429, description = "`rate_limited`", body = ProblemDocument),
    (status = 503, description = "`service_unavailable`", body = ProblemDocument),
))]
pub(crate) async fn put_item(
    state: Data<State>,
    shopper: Shopper,
    variant_id: Path<String>,
    body: Json<PutItem>,
) -> Result<HttpResponse, Problem> {
    let mut connection = state.pool.connection().await.map_err(error::database)?;
    let cart = domain::cart::put_line(&mut connection, &shopper.user_id, &variant_id, body.0.quantity)
        .await
        .map_err(error::put_line)?;
    Ok(HttpResponse::Ok().json(CartBody::from(cart)))
}
