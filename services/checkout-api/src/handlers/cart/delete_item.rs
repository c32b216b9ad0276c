use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use service_kit::{auth::Shopper, http::Problem};

use super::CartBody;
use crate::{app::State, error, openapi::ProblemDocument};

/// Takes a variant out of the cart; one that is not in it changes nothing.
#[utoipa::path(delete, path = "/api/cart/items/{variant_id}", tag = "cart", security(("bearer" = [])),
    params(("variant_id" = String, Path)), responses(
    (status = 200, body = CartBody),
    (status = 401, description = "`unauthenticated`", body = ProblemDocument),
    (status = 429, description = "`rate_limited`", body = ProblemDocument),
    (status = 503, description = "`service_unavailable`", body = ProblemDocument),
))]
pub(crate) async fn delete_item(
    state: Data<State>,
    shopper: Shopper,
    variant_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let mut connection = state.pool.connection().await.map_err(error::database)?;
    let cart = domain::cart::delete_line(&mut connection, &shopper.user_id, &variant_id)
        .await
        .map_err(error::database)?;
    Ok(HttpResponse::Ok().json(CartBody::from(cart)))
}
