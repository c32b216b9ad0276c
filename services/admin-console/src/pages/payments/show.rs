use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use domain::{
    money::Rupees,
    payments::look_up::{self, Payment},
    story::{self, FINISHED_JOBS_EXAMINED_MAX, StoryEntry},
};
use serde_json::json;
use service_kit::http::{Code, Problem};

use super::words::{Told, told};
use crate::{
    app::State,
    door::Session,
    problems,
    view::{Frame, Moment, Section, html},
};

#[derive(Template)]
#[template(path = "payments/payment.html")]
struct OnePaymentPage {
    frame: Frame,
    payment: Payment,
    story: Vec<Told>,
    examined_max: i64,
}

pub(super) fn unknown_payment(payment_intent_id: &str) -> Problem {
    Problem::new(Code::NotFound, format!("There is no payment {payment_intent_id}."))
}

async fn find(state: &State, payment_intent_id: &str) -> Result<(Payment, Vec<StoryEntry>), Problem> {
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let payment = look_up::find(&mut connection, payment_intent_id).await.map_err(problems::database)?;
    let payment = payment.ok_or_else(|| unknown_payment(payment_intent_id))?;
    let story = story::tell(&mut connection, payment_intent_id).await.map_err(problems::database)?;
    Ok((payment, story.unwrap_or_default()))
}

pub(super) async fn page(
    session: Session,
    state: Data<State>,
    payment_intent_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (payment, story) = find(&state, &payment_intent_id).await?;
    let page = OnePaymentPage {
        frame: session.frame(Section::Payments),
        payment,
        story: story.iter().map(told).collect(),
        examined_max: FINISHED_JOBS_EXAMINED_MAX,
    };
    html(StatusCode::OK, &page)
}

pub(super) async fn json(
    _session: Session,
    state: Data<State>,
    payment_intent_id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let (Payment { summary, lines }, story) = find(&state, &payment_intent_id).await?;
    Ok(HttpResponse::Ok().json(json!({
        "payment": summary, "lines": lines, "story": story,
        "finished_jobs_examined_max": FINISHED_JOBS_EXAMINED_MAX,
    })))
}
