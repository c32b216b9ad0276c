use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::{
    operators::ByHand,
    payments::{AskAgainError, AskedAgain, ask_again},
};
use serde::Deserialize;
use serde_json::json;
use service_kit::http::{Code, FieldError, Json, Problem};

use super::show::unknown_payment;
use crate::{
    app::State,
    door::{Form, Session},
    problems,
    view::done,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    reason: String,
}

pub(super) async fn submit(
    session: Session,
    state: Data<State>,
    payment_intent_id: Path<String>,
    order: Form<Order>,
) -> Result<HttpResponse, Problem> {
    let asked = carry_out(&session, &state, &payment_intent_id, &order.0).await?;
    let what = match asked {
        AskedAgain::BroughtForward | AskedAgain::Enqueued => "The gateway is asked now.",
        AskedAgain::AlreadyDue => "Already done: the gateway is being asked.",
    };
    done(&format!("/admin/payments/{payment_intent_id}"), what)
}

pub(super) async fn json(
    session: Session,
    state: Data<State>,
    payment_intent_id: Path<String>,
    order: Json<Order>,
) -> Result<HttpResponse, Problem> {
    let asked = carry_out(&session, &state, &payment_intent_id, &order.0).await?;
    let is_repetition = asked == AskedAgain::AlreadyDue;
    let payment_intent_id = payment_intent_id.into_inner();
    Ok(HttpResponse::Ok()
        .json(json!({ "payment_intent_id": payment_intent_id, "is_repetition": is_repetition })))
}

async fn carry_out(
    session: &Session,
    state: &State,
    payment_intent_id: &str,
    order: &Order,
) -> Result<AskedAgain, Problem> {
    let by = ByHand { operator: &session.operator.name, reason: &order.reason };
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let asked = ask_again(&mut connection, payment_intent_id, by, state.job_attempts_max).await;
    let asked = asked.map_err(refusal)?;
    if asked != AskedAgain::AlreadyDue {
        state.waker.job_enqueued();
    }
    Ok(asked)
}

fn refusal(error: AskAgainError) -> Problem {
    match error {
        AskAgainError::UnknownIntent(id) => unknown_payment(&id),
        AskAgainError::Unaccountable(what) => {
            Problem::validation(vec![FieldError::new("reason", what.to_string())])
        }
        AskAgainError::AskedJustNow | AskAgainError::NeverStarted | AskAgainError::OrderIsNew => {
            Problem::new(Code::ActionRefused, error.to_string())
        }
        AskAgainError::UnknownWord(word) => Problem::internal(word),
        AskAgainError::Schema(error) => problems::database(error),
    }
}
