use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use domain::{
    money::Rupees,
    payments::status::CaseKind,
    review::{CASES_PER_PAGE_MAX, CaseState, ListCases, ListedCase, list_cases},
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

const PATH: &str = "/admin/cases";
/// Cases on a page, unless a program asks for another number.
const CASES_PER_PAGE: i64 = 50;
/// In the filter's place of a state.
const ALL: &str = "all";
const HOUR_SECONDS: u64 = 3600;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// `open` unless it says otherwise.
    state: Option<String>,
    kind: Option<String>,
    age_hours: Option<String>,
    after: Option<i64>,
    limit: Option<i64>,
}

impl Asked {
    fn state(&self) -> Result<Option<CaseState>, Problem> {
        match filled(self.state.as_deref()) {
            None => Ok(Some(CaseState::Open)),
            Some(ALL) => Ok(None),
            Some(word) => word.parse().map(Some).map_err(|error| invalid("state", &error)),
        }
    }

    fn kind(&self) -> Result<Option<CaseKind>, Problem> {
        let kind = filled(self.kind.as_deref()).map(str::parse).transpose();
        kind.map_err(|error| invalid("kind", &error))
    }

    fn wanted(&self) -> Result<ListCases, Problem> {
        let hours: Option<u32> = filled(self.age_hours.as_deref())
            .map(str::parse)
            .transpose()
            .map_err(|error| invalid("age_hours", &error))?;
        Ok(ListCases {
            state: self.state()?,
            kind: self.kind()?,
            age_at_least: hours.map(|hours| Duration::from_secs(u64::from(hours) * HOUR_SECONDS)),
            after_id: self.after.unwrap_or(0),
            cases_max: self.limit.unwrap_or(CASES_PER_PAGE).clamp(1, CASES_PER_PAGE_MAX),
        })
    }
}

fn invalid(field: &str, error: &impl std::fmt::Display) -> Problem {
    Problem::validation(vec![FieldError::new(field, error.to_string())])
}

#[derive(Template)]
#[template(path = "cases/list.html")]
struct CasesPage {
    frame: Frame,
    asked: Asked,
    state: Option<CaseState>,
    kind: Option<CaseKind>,
    cases: Vec<ListedCase>,
    next: Option<String>,
}

impl CasesPage {
    const fn kinds(&self) -> &'static [CaseKind] {
        CaseKind::ALL
    }

    fn is_chosen(&self, kind: &CaseKind) -> bool {
        self.kind == Some(*kind)
    }
}

/// A page of cases, and the last of it where it is full.
async fn find(state: &State, asked: &Asked) -> Result<(Vec<ListedCase>, Option<i64>), Problem> {
    let mut wanted = asked.wanted()?;
    let limit = wanted.cases_max;
    wanted.cases_max = (limit + 1).min(CASES_PER_PAGE_MAX);
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let mut cases = list_cases(&mut connection, wanted).await.map_err(problems::database)?;
    let limit = usize::try_from(limit.min(CASES_PER_PAGE_MAX - 1)).map_err(Problem::internal)?;
    let has_more = cases.len() > limit;
    cases.truncate(limit);
    let next = cases.last().filter(|_| has_more).map(|last| last.id);
    Ok((cases, next))
}

pub(super) async fn page(
    session: Session,
    state: Data<State>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let Query(asked) = asked;
    let (cases, next) = find(&state, &asked).await?;
    let next = next.map(|after| {
        let fields = [
            ("state", filled(asked.state.as_deref())),
            ("kind", filled(asked.kind.as_deref())),
            ("age_hours", filled(asked.age_hours.as_deref())),
            ("after", Some(&*after.to_string())),
        ];
        address(PATH, &fields)
    });
    let page = CasesPage {
        frame: session.frame(Section::ReviewCases),
        state: asked.state()?,
        kind: asked.kind()?,
        asked,
        cases,
        next,
    };
    html(StatusCode::OK, &page)
}

pub(super) async fn json(
    _session: Session,
    state: Data<State>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let (cases, next_cursor) = find(&state, &asked.0).await?;
    Ok(HttpResponse::Ok().json(json!({ "cases": cases, "next_cursor": next_cursor })))
}
