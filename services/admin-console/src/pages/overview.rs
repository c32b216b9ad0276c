//! What is stuck, how fast it goes, and whether the database is well.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{ServiceConfig, get, resource},
};
use askama::Template;
use service_kit::http::Problem;

use crate::{
    door::Session,
    view::{Frame, Section, html},
};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(resource("").route(get().to(show))).service(resource("/").route(get().to(show)));
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
}

async fn show(session: Session) -> Result<HttpResponse, Problem> {
    html(StatusCode::OK, &OverviewPage { frame: session.frame(Section::Overview) })
}
