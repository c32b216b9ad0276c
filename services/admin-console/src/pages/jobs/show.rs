use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use domain::job_control::{self, Job, JobState};
use serde_json::json;
use service_kit::http::Problem;

use super::refusal;
use crate::{
    app::State,
    door::Session,
    problems,
    view::{Frame, Moment, Section, html},
};

#[derive(Template)]
#[template(path = "jobs/job.html")]
struct OneJobPage {
    frame: Frame,
    job: Job,
    payload: String,
}

async fn find(state: &State, job_id: i64) -> Result<Job, Problem> {
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let job = job_control::find(&mut connection, job_id).await.map_err(refusal::found)?;
    job.ok_or_else(|| refusal::unknown_job(job_id))
}

pub(super) async fn page(
    session: Session,
    state: Data<State>,
    job_id: Path<i64>,
) -> Result<HttpResponse, Problem> {
    let job = find(&state, *job_id).await?;
    let payload = serde_json::to_string_pretty(&job.row.payload).map_err(Problem::internal)?;
    html(StatusCode::OK, &OneJobPage { frame: session.frame(Section::Jobs), job, payload })
}

pub(super) async fn json(
    _session: Session,
    state: Data<State>,
    job_id: Path<i64>,
) -> Result<HttpResponse, Problem> {
    let Job { row, trace_id, acts, state: _ } = find(&state, *job_id).await?;
    Ok(HttpResponse::Ok().json(json!({ "job": row, "trace_id": trace_id, "acts": acts })))
}
