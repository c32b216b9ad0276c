use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use domain::{
    Connection,
    money::paisa_from_rupees,
    refunds::RefundTerms,
    review::{self, Decision, PortalRefund, Resolution, ResolveError, Resolved},
};
use serde::Deserialize;
use serde_json::json;
use service_kit::http::{Code, FieldError, Json, Problem};

use super::show::unknown_case;
use crate::{
    app::State,
    door::{Form, Session},
    problems,
    view::{done, filled},
};

/// A decision as a form sends it: amounts in rupees, as people write them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormOrder {
    resolution: String,
    reason: String,
    portal_reference: Option<String>,
    amount_rupees: Option<String>,
}

/// A decision as a program sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    resolution: String,
    reason: String,
    portal_reference: Option<String>,
    amount_minor: Option<i64>,
}

impl FormOrder {
    fn read(self) -> Result<Order, Problem> {
        let amount_minor = filled(self.amount_rupees.as_deref()).map(paisa_from_rupees).transpose();
        Ok(Order {
            resolution: self.resolution,
            reason: self.reason,
            portal_reference: self.portal_reference,
            amount_minor: amount_minor.map_err(|error| invalid("amount_rupees", error.to_string()))?,
        })
    }
}

impl Order {
    fn resolution(&self) -> Result<Resolution, Problem> {
        let known = Resolution::ALL.into_iter().find(|known| known.as_str() == self.resolution);
        known.ok_or_else(|| {
            let words = Resolution::ALL.map(Resolution::as_str).join(", ");
            invalid("resolution", format!("is one of {words}"))
        })
    }

    fn portal_refund(&self) -> Result<PortalRefund<'_>, Problem> {
        let reference = self.portal_reference.as_deref().map(str::trim);
        Ok(PortalRefund {
            portal_reference: reference
                .ok_or_else(|| invalid("portal_reference", "what the portal calls the refund"))?,
            amount_minor: self.amount_minor.ok_or_else(|| invalid("amount", "how much was refunded"))?,
        })
    }
}

fn invalid(field: &str, message: impl Into<String>) -> Problem {
    Problem::validation(vec![FieldError::new(field, message)])
}

pub(super) async fn submit(
    session: Session,
    state: Data<State>,
    case_id: Path<i64>,
    order: Form<FormOrder>,
) -> Result<HttpResponse, Problem> {
    let resolved = carry_out(&session, &state, *case_id, &order.0.read()?).await?;
    done(&format!("/admin/cases/{case_id}"), &in_words(resolved))
}

pub(super) async fn json(
    session: Session,
    state: Data<State>,
    case_id: Path<i64>,
    order: Json<Order>,
) -> Result<HttpResponse, Problem> {
    let resolved = carry_out(&session, &state, *case_id, &order.0).await?;
    Ok(HttpResponse::Ok().json(json!({
        "case_id": *case_id, "intent_status": resolved.status.as_str(), "is_repetition": resolved.is_repetition,
        "case_is_open": resolved.case_is_open,
    })))
}

async fn carry_out(
    session: &Session,
    state: &State,
    case_id: i64,
    order: &Order,
) -> Result<Resolved, Problem> {
    let resolution = order.resolution()?;
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let payment_intent_id = review::payment_of_case(&mut connection, case_id)
        .await
        .map_err(problems::database)?
        .ok_or_else(|| unknown_case(case_id))?;
    let decision = Decision {
        payment_intent_id: &payment_intent_id,
        case_id: Some(case_id),
        operator: &session.operator.name,
        reason: &order.reason,
    };
    let resolved = decide(&mut connection, state.job_attempts_max, decision, resolution, order).await?;
    if !resolved.is_repetition {
        state.waker.intent_changed(&payment_intent_id);
        if resolved.job_is_owed {
            state.waker.job_enqueued();
        }
    }
    Ok(resolved)
}

async fn decide(
    connection: &mut Connection,
    job_attempts_max: i32,
    decision: Decision<'_>,
    resolution: Resolution,
    order: &Order,
) -> Result<Resolved, Problem> {
    let resolved = match resolution {
        Resolution::Fulfilled => review::fulfil(connection, decision, job_attempts_max).await,
        Resolution::Refunded => {
            review::refund(connection, decision, &RefundTerms::of_all_gateways(job_attempts_max)).await
        }
        Resolution::RefundedByHand => {
            review::refunded_by_hand(connection, decision, order.portal_refund()?).await
        }
        Resolution::Dismissed => review::dismiss(connection, decision).await,
    };
    resolved.map_err(refusal)
}

fn in_words(resolved: Resolved) -> String {
    let status = resolved.status.as_str();
    if resolved.is_repetition {
        return format!("Already done: the payment is {status}.");
    }
    let case = if resolved.case_is_open { "its case stays open" } else { "its case is resolved" };
    let next = if resolved.job_is_owed { " A worker goes on with it." } else { "" };
    format!("The payment is {status}; {case}.{next}")
}

pub(super) fn refusal(error: ResolveError) -> Problem {
    match error {
        ResolveError::UnknownIntent(_) => Problem::new(Code::NotFound, error.to_string()),
        ResolveError::Unusable(what) => invalid("", what),
        ResolveError::NoOpenCase(_)
        | ResolveError::AnotherCase { .. }
        | ResolveError::ResolvedBefore { .. }
        | ResolveError::NotPaid
        | ResolveError::NotPaidInFull { .. }
        | ResolveError::HasGoneBack
        | ResolveError::SeveralTransactions(_)
        | ResolveError::RoundHasAnOrder
        | ResolveError::StockIsShort(_)
        | ResolveError::HasAnOrder
        | ResolveError::RefundUnderWay
        | ResolveError::GatewayHasNoRefundCall(_)
        | ResolveError::MoreThanWasPaid { .. }
        | ResolveError::PortalReferenceUsed { .. }
        | ResolveError::StatusForbids(_) => Problem::new(Code::ActionRefused, error.to_string()),
        ResolveError::UnknownWord(word) => Problem::internal(word),
        ResolveError::UnknownProvider(provider) => Problem::internal(provider),
        ResolveError::Schema(error) => problems::database(error),
    }
}
