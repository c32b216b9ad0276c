use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use domain::job_control::{self, JOBS_EXAMINED_MAX, JobPage, JobState};
use serde_json::json;
use service_kit::http::{Problem, Query};

use super::filter::Asked;
use crate::{
    app::State,
    door::Session,
    problems,
    view::{Frame, Moment, Section, html},
};

const PATH: &str = "/admin/jobs";

#[derive(Template)]
#[template(path = "jobs/list.html")]
struct JobsPage {
    frame: Frame,
    asked: Asked,
    state: Option<JobState>,
    found: JobPage,
    next: Option<String>,
    /// Where the failed jobs of this filter can be retried together.
    retry: Option<String>,
    examined_max: i64,
}

impl JobsPage {
    const fn states(&self) -> &'static [JobState] {
        JobState::ALL
    }

    fn is_chosen(&self, state: &JobState) -> bool {
        self.state == Some(*state)
    }
}

async fn find(state: &State, asked: &Asked) -> Result<JobPage, Problem> {
    let wanted = asked.wanted()?;
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    job_control::list(&mut connection, &wanted).await.map_err(problems::database)
}

pub(super) async fn page(
    session: Session,
    state: Data<State>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let Query(asked) = asked;
    let found = find(&state, &asked).await?;
    let chosen = asked.state()?;
    let cursor = found.next_cursor.as_ref().map(|cursor| cursor.to_string());
    let can_retry = session.can_change() && chosen == Some(JobState::Failed) && !found.jobs.is_empty();
    let page = JobsPage {
        frame: session.frame(Section::Jobs),
        next: cursor.as_deref().map(|cursor| asked.address(PATH, Some(cursor))),
        retry: can_retry.then(|| asked.address("/admin/jobs/retry", None)),
        state: chosen,
        asked,
        found,
        examined_max: JOBS_EXAMINED_MAX,
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
        "jobs": found.jobs, "next_cursor": found.next_cursor.map(|cursor| cursor.to_string()),
        "is_cut_short": found.is_cut_short, "examined_max": JOBS_EXAMINED_MAX,
    })))
}
