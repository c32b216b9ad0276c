//! Where a payment stands, as a page, as JSON, or at the shop.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use domain::{
    client_status::{ClientStatus, PaymentStatus},
    payments::IntentUnderQuestion,
};
use serde::Serialize;
use service_kit::http::Problem;
use url::Url;

use crate::{pages, preference::Preference};

/// Everything the public may know of a payment.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StatusBody<'a> {
    payment_intent_id: &'a str,
    status: &'static str,
    order_number: Option<&'a str>,
}

impl<'a> From<&'a PaymentStatus> for StatusBody<'a> {
    fn from(status: &'a PaymentStatus) -> Self {
        Self {
            payment_intent_id: &status.payment_intent_id,
            status: status.status.as_str(),
            order_number: status.order_number.as_deref(),
        }
    }
}

/// Where a payment stands, with what its page shows beside that.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) intent: IntentUnderQuestion,
    pub(crate) status: PaymentStatus,
}

impl Standing {
    /// 200 when decided, 202 while it is not.
    pub(crate) const fn code(&self) -> StatusCode {
        match self.status.status {
            ClientStatus::AwaitingPayment | ClientStatus::Verifying => StatusCode::ACCEPTED,
            ClientStatus::Paid
            | ClientStatus::Confirmed
            | ClientStatus::Failed
            | ClientStatus::Expired
            | ClientStatus::Refunding
            | ClientStatus::Refunded
            | ClientStatus::UnderReview => StatusCode::OK,
        }
    }

    /// For a program.
    pub(crate) fn json(&self) -> HttpResponse {
        HttpResponse::build(self.code()).json(StatusBody::from(&self.status))
    }

    /// For whoever asks: JSON where it is asked for, else a page.
    ///
    /// # Errors
    /// A page that cannot be written.
    pub(crate) fn show(&self, request: &HttpRequest, shop: Option<&Url>) -> Result<HttpResponse, Problem> {
        match Preference::of(request) {
            Preference::Json => Ok(self.json()),
            Preference::Page | Preference::Unsaid => pages::payment(request, self, shop),
        }
    }

    /// Sends the browser on to the shop's own page.
    pub(crate) fn redirect(&self, return_url: &Url) -> HttpResponse {
        let mut url = return_url.clone();
        url.query_pairs_mut().append_pair("payment_intent_id", &self.intent.payment_intent_id);
        HttpResponse::SeeOther().insert_header((header::LOCATION, url.as_str())).finish()
    }
}
