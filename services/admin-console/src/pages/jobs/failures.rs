use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use domain::job_control::{self, FAILURES_EXAMINED_MAX, FailureKind};
use serde_json::json;
use service_kit::http::Problem;

use crate::{
    app::State,
    door::Session,
    problems,
    view::{Frame, Moment, Section, address, html},
};

#[derive(Template)]
#[template(path = "jobs/failures.html")]
struct FailuresPage {
    frame: Frame,
    kinds: Vec<FailureKind>,
    examined_max: i64,
}

/// The address of a list with the failed jobs of one kind.
fn jobs_of(kind: &FailureKind, path: &str) -> String {
    let fields =
        [("state", Some("failed")), ("type", Some(kind.job_type.as_str())), ("kind", Some(&kind.error_kind))];
    address(path, &fields)
}

async fn find(state: &State) -> Result<Vec<FailureKind>, Problem> {
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    job_control::failure_kinds(&mut connection).await.map_err(problems::database)
}

pub(super) async fn page(session: Session, state: Data<State>) -> Result<HttpResponse, Problem> {
    let kinds = find(&state).await?;
    let page =
        FailuresPage { frame: session.frame(Section::Jobs), kinds, examined_max: FAILURES_EXAMINED_MAX };
    html(StatusCode::OK, &page)
}

pub(super) async fn json(_session: Session, state: Data<State>) -> Result<HttpResponse, Problem> {
    let kinds = find(&state).await?;
    Ok(HttpResponse::Ok().json(json!({ "kinds": kinds, "examined_max": FAILURES_EXAMINED_MAX })))
}
