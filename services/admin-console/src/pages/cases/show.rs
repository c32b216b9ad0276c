use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use domain::{
    money::Rupees,
    refunds::RefundTerms,
    review::{self, CaseFile, EVIDENCE_ROWS_MAX, Resolution, ResolutionOption},
};
use serde_json::{Value, json};
use service_kit::http::{Code, Problem};

use super::resolve;
use crate::{
    app::State,
    door::Session,
    problems,
    view::{Frame, Moment, Section, html},
};

/// A decision that is legal for the case.
struct Offer {
    /// What is sent back.
    resolution: &'static str,
    verb: &'static str,
    consequence: String,
    needs_portal: bool,
}

/// A decision that is not, and the law that forbids it.
struct Forbidden {
    verb: &'static str,
    law: String,
}

#[derive(Template)]
#[template(path = "cases/case.html")]
struct OneCasePage {
    frame: Frame,
    file: CaseFile,
    evidence: Vec<String>,
    offers: Vec<Offer>,
    forbidden: Vec<Forbidden>,
    rows_max: i64,
}

const fn verb(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Fulfilled => "Fulfil",
        Resolution::Refunded => "Refund",
        Resolution::RefundedByHand => "Record a refund made by hand",
        Resolution::Dismissed => "Dismiss",
    }
}

pub(super) fn unknown_case(case_id: i64) -> Problem {
    Problem::new(Code::NotFound, format!("There is no review case {case_id}."))
}

async fn find(state: &State, case_id: i64) -> Result<CaseFile, Problem> {
    let terms = RefundTerms::of_all_gateways(state.job_attempts_max);
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let file = review::open_file(&mut connection, case_id, &terms).await.map_err(resolve::refusal)?;
    file.ok_or_else(|| unknown_case(case_id))
}

pub(super) async fn page(
    session: Session,
    state: Data<State>,
    case_id: Path<i64>,
) -> Result<HttpResponse, Problem> {
    let mut file = find(&state, *case_id).await?;
    let (mut offers, mut forbidden) = (Vec::new(), Vec::new());
    for ResolutionOption { resolution, consequence } in std::mem::take(&mut file.options) {
        let verb = verb(resolution);
        match consequence {
            Ok(consequence) => offers.push(Offer {
                resolution: resolution.as_str(),
                verb,
                consequence,
                needs_portal: resolution == Resolution::RefundedByHand,
            }),
            Err(law) => forbidden.push(Forbidden { verb, law: law.to_string() }),
        }
    }
    let page = OneCasePage {
        frame: session.frame(Section::ReviewCases),
        evidence: pretty_each(&file.case.detail)?,
        file,
        offers,
        forbidden,
        rows_max: EVIDENCE_ROWS_MAX,
    };
    html(StatusCode::OK, &page)
}

fn pretty_each(evidence: &Value) -> Result<Vec<String>, Problem> {
    let items = evidence.as_array().map(Vec::as_slice).unwrap_or_default();
    let pretty: Result<Vec<String>, _> = items.iter().map(serde_json::to_string_pretty).collect();
    pretty.map_err(Problem::internal)
}

pub(super) async fn json(
    _session: Session,
    state: Data<State>,
    case_id: Path<i64>,
) -> Result<HttpResponse, Problem> {
    let file = find(&state, *case_id).await?;
    let options: Vec<Value> = file
        .options
        .iter()
        .map(|option| match &option.consequence {
            Ok(consequence) => {
                json!({ "resolution": option.resolution.as_str(), "consequence": consequence })
            }
            Err(law) => json!({ "resolution": option.resolution.as_str(), "forbidden_by": law.to_string() }),
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({
        "case": file.case, "payment": file.payment, "lines": file.lines, "verifications": file.verifications,
        "answers": file.answers, "callbacks": file.callbacks, "refunds": file.refunds, "acts": file.acts,
        "options": options,
    })))
}
