//! Where a payment stands, asked once or followed.

mod get;
mod stream;

pub(crate) use get::{__path_get, get};
pub(crate) use stream::{__path_stream, stream};

use chrono::{DateTime, Utc};
use domain::client_status::PaymentStatus;
use serde::{Deserialize, Serialize};
use service_kit::http::Problem;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{app::State, error};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfIntent {
    payment_intent_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusBody {
    payment_intent_id: String,
    /// `awaiting_payment`, `verifying`, `paid`, `confirmed`, `failed`, `expired`, `refunding`, `refunded` or
    /// `under_review`. Final are confirmed, failed, expired (until late money moves it) and refunded.
    status: &'static str,
    order_number: Option<String>,
    order_id: Option<Uuid>,
    /// A sentence for the shopper.
    message: &'static str,
    updated_at: DateTime<Utc>,
}

impl From<PaymentStatus> for StatusBody {
    fn from(status: PaymentStatus) -> Self {
        Self {
            payment_intent_id: status.payment_intent_id,
            status: status.status.as_str(),
            order_number: status.order_number,
            order_id: status.order_id,
            message: status.status.message(),
            updated_at: status.updated_at,
        }
    }
}

/// The status of one of the shopper's own intents.
async fn own_status(state: &State, user_id: &str, payment_intent_id: &str) -> Result<PaymentStatus, Problem> {
    let mut connection = state.pool.connection().await.map_err(error::database)?;
    let found =
        domain::client_status::get(&mut connection, payment_intent_id).await.map_err(error::database)?;
    found.filter(|status| status.user_id == user_id).ok_or_else(|| error::not_found("payment intent"))
}
