//! What is stuck, how fast it goes, and whether the database is well. Every look is served from the process's one
//! sample and costs the database nothing.

mod cards;
mod speed;
mod work;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, ServiceConfig, get, resource},
};
use askama::Template;
use cards::Card;
use domain::overview::{OldestTransaction, Overview, TableHealth, Violations};
use service_kit::http::Problem;
use speed::{GatewayRow, SpeedView};
use work::{CaseRow, JobRow, MoneyRow};

use crate::{
    app::State,
    door::Session,
    view::{Age, Frame, Moment, Section, html},
};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("").route(get().to(show)))
        .service(resource("/").route(get().to(show)))
        .service(resource("/api/overview").route(get().to(tell)));
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage<'a> {
    frame: Frame,
    overview: &'a Overview,
    cards: Vec<Card>,
    right_now: Option<RightNowView<'a>>,
    speeds: Vec<SpeedView>,
    around: Option<AroundView<'a>>,
}

struct RightNowView<'a> {
    at: Moment,
    jobs: Vec<JobRow>,
    counted_max: i64,
    money: Vec<MoneyRow>,
    cases: Vec<CaseRow>,
    violations: &'a [Violations],
    changes_checked: Option<Moment>,
    everything_checked: Option<Moment>,
}

struct AroundView<'a> {
    at: Moment,
    gateways: Vec<GatewayRow>,
    newest_jobs: i64,
    jobs_in_all: i64,
    tables: &'a [TableHealth],
    oldest: &'a OldestTransaction,
}

async fn show(session: Session, state: Data<State>) -> Result<HttpResponse, Problem> {
    let overview = state.overview.latest();
    let page = OverviewPage {
        frame: session.frame(Section::Overview),
        overview: &overview,
        cards: cards::all(&overview),
        right_now: right_now(&overview),
        speeds: speed::views(&overview)?,
        around: around(&overview),
    };
    html(StatusCode::OK, &page)
}

/// The same figures for programs, as they were sampled last.
async fn tell(_session: Session, state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(&*state.overview.latest())
}

fn right_now(overview: &Overview) -> Option<RightNowView<'_>> {
    let sampled = overview.right_now.as_ref()?;
    let finished = overview.surroundings.as_ref().map_or(&[][..], |around| &around.figures.finished);
    Some(RightNowView {
        at: Moment(sampled.at),
        jobs: work::job_rows(&sampled.figures.jobs, finished),
        counted_max: sampled.figures.jobs.counted_max,
        money: work::money_rows(&sampled.figures.money),
        cases: work::case_rows(&sampled.figures.cases),
        violations: &sampled.figures.violations,
        changes_checked: sampled.figures.checks.changes_at.map(Moment),
        everything_checked: sampled.figures.checks.everything_at.map(Moment),
    })
}

fn around(overview: &Overview) -> Option<AroundView<'_>> {
    let sampled = overview.surroundings.as_ref()?;
    let figures = &sampled.figures;
    Some(AroundView {
        at: Moment(sampled.at),
        gateways: speed::gateway_rows(&figures.gateway_answers),
        newest_jobs: figures.newest_jobs,
        jobs_in_all: figures.jobs_in_all_estimate,
        tables: &figures.tables,
        oldest: &figures.oldest_transaction,
    })
}
