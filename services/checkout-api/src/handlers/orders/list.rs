use actix_web::{HttpResponse, web::Data};
use domain::orders::{Cursor, NotACursor};
use serde::{Deserialize, Serialize};
use service_kit::{
    auth::Shopper,
    http::{Problem, Query},
};
use utoipa::{IntoParams, ToSchema};

use super::OrderBody;
use crate::{app::State, error, handlers::page_size, openapi::ProblemDocument};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListOrders {
    /// Orders a page, 1 to 100; 50 if absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrdersBody {
    orders: Vec<OrderBody>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The shopper's own orders with their items, newest first.
#[utoipa::path(get, path = "/api/orders", tag = "orders", security(("bearer" = [])), params(ListOrders), responses(
    (status = 200, body = OrdersBody),
    (status = 401, description = "`unauthenticated`", body = ProblemDocument),
    (status = 422, description = "`validation_failed`", body = ProblemDocument),
    (status = 429, description = "`rate_limited`", body = ProblemDocument),
    (status = 503, description = "`service_unavailable`", body = ProblemDocument),
))]
pub(crate) async fn list(
    state: Data<State>,
    shopper: Shopper,
    query: Query<ListOrders>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(query.0.limit)?;
    let cursor: Option<Cursor> = query
        .0
        .cursor
        .map(|cursor| cursor.parse())
        .transpose()
        .map_err(|error: NotACursor| error::field("cursor", &error.to_string()))?;
    let mut connection = state.pool.connection().await.map_err(error::database)?;
    let page = domain::orders::list(&mut connection, &shopper.user_id, limit, cursor)
        .await
        .map_err(error::database)?;
    Ok(HttpResponse::Ok().json(OrdersBody {
        orders: page.orders.into_iter().map(Into::into).collect(),
        next_cursor: page.next_cursor.map(|cursor| cursor.to_string()),
    }))
}
