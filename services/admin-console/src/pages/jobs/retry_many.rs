use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chrono::{DateTime, Utc};
use domain::{
    job_control::{self, CountedFailures, JOBS_EXAMINED_MAX, RetryMany, RetryManyOutcome},
    operators::ByHand,
};
use serde::Deserialize;
use serde_json::json;
use service_kit::http::{FieldError, Json, Problem, Query};

use super::{filter::Asked, refusal};
use crate::{
    app::State,
    door::{Form, Session},
    problems,
    view::{Frame, Section, done, html},
};

#[derive(Template)]
#[template(path = "jobs/retry_many.html")]
struct RetryManyPage {
    frame: Frame,
    asked: Asked,
    counted: CountedFailures,
    examined_max: i64,
}

/// The count that was shown, sent back with the decision; and the filter it was of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    #[serde(rename = "type")]
    job_type: Option<String>,
    age_minutes: Option<String>,
    error: Option<String>,
    kind: Option<String>,
    count: i64,
    counted_at: String,
    oldest_id: i64,
    reason: String,
}

impl Order {
    fn filter(&self) -> Asked {
        Asked {
            job_type: self.job_type.clone(),
            age_minutes: self.age_minutes.clone(),
            error: self.error.clone(),
            kind: self.kind.clone(),
            ..Asked::default()
        }
    }

    fn counted(&self) -> Result<CountedFailures, Problem> {
        let counted_at = DateTime::parse_from_rfc3339(&self.counted_at)
            .map_err(|error| Problem::validation(vec![FieldError::new("counted_at", error.to_string())]))?;
        Ok(CountedFailures {
            count: self.count,
            are_more: false,
            counted_at: counted_at.with_timezone(&Utc),
            oldest_id: self.oldest_id,
        })
    }
}

async fn count(state: &State, asked: &Asked) -> Result<CountedFailures, Problem> {
    let filter = asked.filter()?;
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    job_control::count_failures(&mut connection, &filter).await.map_err(refusal::retried_many)
}

async fn carry_out(session: &Session, state: &State, order: &Order) -> Result<RetryManyOutcome, Problem> {
    let filter = order.filter().filter()?;
    let by = ByHand { operator: &session.operator.name, reason: &order.reason };
    let act = RetryMany { filter: &filter, counted: order.counted()?, by };
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let outcome = job_control::retry_many(&mut connection, act).await.map_err(refusal::retried_many)?;
    if outcome.retried > 0 {
        state.waker.job_enqueued();
    }
    Ok(outcome)
}

pub(super) async fn page(
    session: Session,
    state: Data<State>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let counted = count(&state, &asked.0).await?;
    let page = RetryManyPage {
        frame: session.frame(Section::Jobs),
        asked: asked.0,
        counted,
        examined_max: JOBS_EXAMINED_MAX,
    };
    html(StatusCode::OK, &page)
}

pub(super) async fn submit(
    session: Session,
    state: Data<State>,
    order: Form<Order>,
) -> Result<HttpResponse, Problem> {
    let outcome = carry_out(&session, &state, &order.0).await?;
    let failed = Asked { state: Some("failed".to_owned()), ..order.0.filter() };
    done(&failed.address("/admin/jobs", None), &in_words(&outcome, order.0.count))
}

pub(super) async fn json_count(
    _session: Session,
    state: Data<State>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let counted = count(&state, &asked.0).await?;
    Ok(HttpResponse::Ok().json(json!({
        "count": counted.count, "are_more": counted.are_more, "counted_at": counted.counted_at,
        "oldest_id": counted.oldest_id, "examined_max": JOBS_EXAMINED_MAX,
    })))
}

pub(super) async fn json(
    session: Session,
    state: Data<State>,
    order: Json<Order>,
) -> Result<HttpResponse, Problem> {
    let outcome = carry_out(&session, &state, &order.0).await?;
    Ok(HttpResponse::Ok().json(json!({
        "counted": order.0.count, "retried": outcome.retried, "left_to_a_twin": outcome.left_to_a_twin,
        "moved_on": outcome.moved_on, "open_cases": outcome.open_cases,
    })))
}

fn in_words(outcome: &RetryManyOutcome, counted: i64) -> String {
    let mut text = format!("{} of the {counted} counted jobs are due again.", outcome.retried);
    if outcome.moved_on > 0 {
        text.push_str(&format!(" {} are not failed any more.", outcome.moved_on));
    }
    if outcome.left_to_a_twin > 0 {
        text.push_str(&format!(
            " {} were left: another job of the same key does their work.",
            outcome.left_to_a_twin
        ));
    }
    if outcome.open_cases > 0 {
        text.push_str(&format!(" {} payments have an open review case.", outcome.open_cases));
    }
    text
}
