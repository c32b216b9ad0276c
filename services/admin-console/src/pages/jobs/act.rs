use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::{
    job_control::{self, JobAct, JobActed},
    operators::ByHand,
};
use serde::Deserialize;
use serde_json::json;
use service_kit::http::{Code, Json, Problem};

use super::refusal;
use crate::{
    app::State,
    door::{Form, Session},
    problems,
    view::done,
};

/// What can be done to one job; the last part of the address.
#[derive(Debug, Clone, Copy)]
enum Act {
    Retry,
    RunNow,
    Cancel,
}

impl Act {
    fn read(word: &str) -> Result<Self, Problem> {
        match word {
            "retry" => Ok(Self::Retry),
            "run-now" => Ok(Self::RunNow),
            "cancel" => Ok(Self::Cancel),
            _ => Err(Problem::new(Code::NotFound, "There is no such action on a job.")),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// As the job's page showed it.
    lease_no: i64,
    reason: String,
}

pub(super) async fn submit(
    session: Session,
    state: Data<State>,
    path: Path<(i64, String)>,
    order: Form<Order>,
) -> Result<HttpResponse, Problem> {
    let (job_id, act) = path.into_inner();
    let act = Act::read(&act)?;
    let acted = carry_out(&session, &state, job_id, act, &order.0).await?;
    done(&format!("/admin/jobs/{job_id}"), &in_words(act, &acted))
}

pub(super) async fn json(
    session: Session,
    state: Data<State>,
    path: Path<(i64, String)>,
    order: Json<Order>,
) -> Result<HttpResponse, Problem> {
    let (job_id, act) = path.into_inner();
    let acted = carry_out(&session, &state, job_id, Act::read(&act)?, &order.0).await?;
    Ok(HttpResponse::Ok().json(json!({
        "job_id": job_id, "status": acted.state.as_str(), "is_repetition": acted.is_repetition,
        "open_case_of": acted.open_case_of,
    })))
}

async fn carry_out(
    session: &Session,
    state: &State,
    job_id: i64,
    act: Act,
    order: &Order,
) -> Result<JobActed, Problem> {
    let by = ByHand { operator: &session.operator.name, reason: &order.reason };
    let job_act = JobAct { job_id, lease_no: order.lease_no, by };
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let acted = match act {
        Act::Retry => job_control::retry(&mut connection, job_act).await,
        Act::RunNow => job_control::run_now(&mut connection, job_act).await,
        Act::Cancel => job_control::cancel(&mut connection, job_act).await,
    };
    let acted = acted.map_err(refusal::acted)?;
    if acted.is_due && !acted.is_repetition {
        state.waker.job_enqueued();
    }
    Ok(acted)
}

fn in_words(act: Act, acted: &JobActed) -> String {
    if acted.is_repetition {
        return format!("Already done: the job is {}.", acted.state.as_str());
    }
    let what = match act {
        Act::Retry => "The job is due again with all its attempts.",
        Act::RunNow => "The job is due now.",
        Act::Cancel => "The job is cancelled.",
    };
    match &acted.open_case_of {
        Some(_) => format!("{what} Its payment has an open review case."),
        None => what.to_owned(),
    }
}
