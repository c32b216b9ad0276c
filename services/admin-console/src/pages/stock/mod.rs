//! Stock: every variant's counts, and the ledger that explains them.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path, ServiceConfig, get, resource},
};
use askama::Template;
use domain::{
    money::Rupees,
    stock::look_up::{self, StockedVariant, VARIANTS_EXAMINED_MAX, VariantFile, VariantPage},
};
use serde::Deserialize;
use serde_json::json;
use service_kit::http::{Code, Problem, Query};

use crate::{
    app::State,
    door::Session,
    problems,
    view::{Frame, Section, address, filled, html},
};

const PATH: &str = "/admin/stock";
/// Rows on a page, unless a program asks for another number.
const ROWS_PER_PAGE: u16 = 50;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/stock").route(get().to(list)))
        .service(resource("/stock/{variant_id}").route(get().to(show)))
        .service(resource("/api/stock").route(get().to(json_list)))
        .service(resource("/api/stock/{variant_id}").route(get().to(json_show)));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Part of an id, SKU, name, title or vendor.
    q: Option<String>,
    after: Option<String>,
    limit: Option<u16>,
}

/// Which of a variant's movements.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedMovements {
    after: Option<i64>,
    limit: Option<u16>,
}

#[derive(Template)]
#[template(path = "stock/list.html")]
struct StockPage<'a> {
    frame: Frame,
    searched: Option<&'a str>,
    variants: Vec<StockedVariant>,
    is_cut_short: bool,
    examined_max: i64,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "stock/variant.html")]
struct OneVariantPage {
    frame: Frame,
    file: VariantFile,
    next: Option<String>,
}

async fn find_all(state: &State, asked: &Asked) -> Result<VariantPage, Problem> {
    let limit = asked.limit.unwrap_or(ROWS_PER_PAGE);
    let (text, after) = (filled(asked.q.as_deref()), filled(asked.after.as_deref()));
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    look_up::list(&mut connection, text, limit, after).await.map_err(problems::database)
}

async fn list(session: Session, state: Data<State>, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    let found = find_all(&state, &asked.0).await?;
    let searched = filled(asked.0.q.as_deref());
    let next = found.next_cursor.as_deref();
    let page = StockPage {
        frame: session.frame(Section::Stock),
        searched,
        next: next.map(|cursor| address(PATH, &[("q", searched), ("after", Some(cursor))])),
        variants: found.variants,
        is_cut_short: found.is_cut_short,
        examined_max: VARIANTS_EXAMINED_MAX,
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
        "variants": found.variants, "next_cursor": found.next_cursor, "is_cut_short": found.is_cut_short,
        "examined_max": VARIANTS_EXAMINED_MAX,
    })))
}

async fn find(state: &State, variant_id: &str, asked: &AskedMovements) -> Result<VariantFile, Problem> {
    let limit = asked.limit.unwrap_or(ROWS_PER_PAGE);
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let file = look_up::open_file(&mut connection, variant_id, limit, asked.after).await;
    file.map_err(problems::database)?
        .ok_or_else(|| Problem::new(Code::NotFound, format!("There is no variant {variant_id}.")))
}

async fn show(
    session: Session,
    state: Data<State>,
    variant_id: Path<String>,
    asked: Query<AskedMovements>,
) -> Result<HttpResponse, Problem> {
    let file = find(&state, &variant_id, &asked.0).await?;
    let next = file.next_cursor.map(|cursor| {
        address(&format!("{PATH}/{}", file.variant.variant_id), &[("after", Some(&cursor.to_string()))])
    });
    html(StatusCode::OK, &OneVariantPage { frame: session.frame(Section::Stock), file, next })
}

async fn json_show(
    _session: Session,
    state: Data<State>,
    variant_id: Path<String>,
    asked: Query<AskedMovements>,
) -> Result<HttpResponse, Problem> {
    let VariantFile { variant, movements, next_cursor } = find(&state, &variant_id, &asked.0).await?;
    Ok(HttpResponse::Ok()
        .json(json!({ "variant": variant, "movements": movements, "next_cursor": next_cursor })))
}
