//! Orders: all of them, without addresses.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{Data, Path, ServiceConfig, get, resource},
};
use askama::Template;
use domain::{
    money::Rupees,
    orders::{
        Cursor, NotACursor,
        look_up::{self, ListedOrder, ListedOrders, OrderFile},
    },
};
use serde::Deserialize;
use serde_json::json;
use service_kit::http::{Code, FieldError, Problem, Query};

use crate::{
    app::State,
    door::Session,
    problems,
    view::{Frame, Moment, Section, address, filled, html},
};

const PATH: &str = "/admin/orders";
/// Orders on a page, unless a program asks for another number.
const ORDERS_PER_PAGE: u16 = 50;
/// What every order's number begins with.
const NUMBER_PREFIX: &str = "ORD-";

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/orders").route(get().to(list)))
        .service(resource("/orders/{order_number}").route(get().to(show)))
        .service(resource("/api/orders").route(get().to(json_list)))
        .service(resource("/api/orders/{order_number}").route(get().to(json_show)));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// An order's number, or a user.
    q: Option<String>,
    after: Option<String>,
    limit: Option<u16>,
}

#[derive(Template)]
#[template(path = "orders/list.html")]
struct OrdersPage<'a> {
    frame: Frame,
    searched: Option<&'a str>,
    orders: Vec<ListedOrder>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "orders/order.html")]
struct OneOrderPage {
    frame: Frame,
    file: OrderFile,
}

async fn find_all(state: &State, asked: &Asked) -> Result<ListedOrders, Problem> {
    let cursor: Option<Cursor> =
        filled(asked.after.as_deref()).map(str::parse).transpose().map_err(|error: NotACursor| {
            Problem::validation(vec![FieldError::new("after", error.to_string())])
        })?;
    let limit = asked.limit.unwrap_or(ORDERS_PER_PAGE);
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let user_id = filled(asked.q.as_deref());
    look_up::list_all(&mut connection, user_id, limit, cursor).await.map_err(problems::database)
}

async fn list(session: Session, state: Data<State>, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    let searched = filled(asked.0.q.as_deref());
    let number = searched.map(str::to_uppercase).filter(|text| text.starts_with(NUMBER_PREFIX));
    if let Some(number) = number {
        let order: String = url::form_urlencoded::byte_serialize(number.as_bytes()).collect();
        let location = format!("{PATH}/{order}");
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish());
    }
    let found = find_all(&state, &asked.0).await?;
    let cursor = found.next_cursor.map(|cursor| cursor.to_string());
    let page = OrdersPage {
        frame: session.frame(Section::Orders),
        searched,
        orders: found.orders,
        next: cursor.as_deref().map(|cursor| address(PATH, &[("q", searched), ("after", Some(cursor))])),
    };
    html(StatusCode::OK, &page)
}

async fn json_list(
    _session: Session,
    state: Data<State>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let found = find_all(&state, &asked.0).await?;
    Ok(HttpResponse::Ok().json(json!({
        "orders": found.orders, "next_cursor": found.next_cursor.map(|cursor| cursor.to_string()),
    })))
}

async fn find(state: &State, order_number: &str) -> Result<OrderFile, Problem> {
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let file = look_up::open_file(&mut connection, order_number).await.map_err(problems::database)?;
    file.ok_or_else(|| Problem::new(Code::NotFound, format!("There is no order {order_number}.")))
}

async fn show(
    session: Session,
    state: Data<State>,
    order_number: Path<String>,
) -> Result<HttpResponse, Problem> {
    let file = find(&state, &order_number).await?;
    html(StatusCode::OK, &OneOrderPage { frame: session.frame(Section::Orders), file })
}

async fn json_show(
    _session: Session,
    state: Data<State>,
    order_number: Path<String>,
) -> Result<HttpResponse, Problem> {
    let OrderFile { order, lines, movements } = find(&state, &order_number).await?;
    Ok(HttpResponse::Ok().json(json!({ "order": order, "lines": lines, "movements": movements })))
}
