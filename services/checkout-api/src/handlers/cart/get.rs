use actix_web::{HttpResponse, web::Data};
use service_kit::{auth::Shopper, http::Problem};

use super::CartBody;
use crate::{app::State, error, openapi::ProblemDocument};

/// The shopper's cart, at the prices the shopper was shown.
#[utoipa::path(get, path = "/api/cart", tag = "cart", security(("bearer" = [])), responses(
    (status = 200, body = CartBody),
    (status = 401, description = "`unauthenticated`", body = ProblemDocument),
    (status = 429, description = "`rate_limited`", body = ProblemDocument),
    (status = 503, description = "`service_unavailable`", body = ProblemDocument),
))]
pub(crate) async fn get(state: Data<State>, shopper: Shopper) -> Result<HttpResponse, Problem> {
    let mut connection = state.pool.connection().await.map_err(error::database)?;
    let cart = domain::cart::get(&mut connection, &shopper.user_id).await.map_err(error::database)?;
    Ok(HttpResponse::Ok().json(CartBody::from(cart)))
}
