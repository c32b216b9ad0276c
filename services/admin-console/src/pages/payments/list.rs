use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use domain::{
    money::Rupees,
    payments::look_up::{self, Cursor, ListedPayment, PaymentPage},
};
use serde::Deserialize;
use serde_json::json;
use service_kit::http::{FieldError, Problem, Query};

use crate::{
    app::State,
    door::Session,
    problems,
    view::{Frame, Moment, Section, address, filled, html},
};

/// Payments on a page, unless a program asks for another number.
const PAYMENTS_PER_PAGE: u16 = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// What is known of the payment.
    q: Option<String>,
    after: Option<String>,
    limit: Option<u16>,
}

#[derive(Template)]
#[template(path = "payments/list.html")]
struct PaymentsPage<'a> {
    frame: Frame,
    searched: Option<&'a str>,
    payments: Vec<ListedPayment>,
    next: Option<String>,
}

async fn find(state: &State, asked: &Asked) -> Result<PaymentPage, Problem> {
    let cursor: Option<Cursor> = filled(asked.after.as_deref()).map(str::parse).transpose().map_err(
        |error: look_up::NotACursor| Problem::validation(vec![FieldError::new("after", error.to_string())]),
    )?;
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    match filled(asked.q.as_deref()) {
        Some(text) => {
            let payments = look_up::search(&mut connection, text).await.map_err(problems::database)?;
            Ok(PaymentPage { payments, next_cursor: None })
        }
        None => {
            let limit = asked.limit.unwrap_or(PAYMENTS_PER_PAGE);
            let page = look_up::list_followed(&mut connection, limit, cursor.as_ref()).await;
            page.map_err(problems::database)
        }
    }
}

pub(super) async fn page(
    session: Session,
    state: Data<State>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let found = find(&state, &asked.0).await?;
    let cursor = found.next_cursor.map(|cursor| cursor.to_string());
    let page = PaymentsPage {
        frame: session.frame(Section::Payments),
        searched: filled(asked.0.q.as_deref()),
        payments: found.payments,
        next: cursor.as_deref().map(|cursor| address("/admin/payments", &[("after", Some(cursor))])),
    };
    html(StatusCode::OK, &page)
}

pub(super) async fn json(
    _session: Session,
    state: Data<State>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let found = find(&state, &asked.0).await?;
    Ok(HttpResponse::Ok().json(json!({
        "payments": found.payments, "next_cursor": found.next_cursor.map(|cursor| cursor.to_string()),
    })))
}
