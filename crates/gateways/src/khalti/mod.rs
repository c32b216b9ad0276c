//! Khalti ePayment (KPG-2): opened from server to server, an unsigned return, and a lookup that tells the truth.

use std::fmt;

use domain::payments::gateway::{
    Asked, Gateway, Provider, Question, RefundReply, RefundRequest, StartPayment, StartPaymentError,
    StartedPayment,
};
use futures_util::future::BoxFuture;
use reqwest::{
    RequestBuilder,
    header::{AUTHORIZATION, HeaderValue},
};
use secrecy::SecretString;
use serde_json::json;
use tracing::{Instrument, Span};
use url::Url;

use crate::{
    http::{HttpClient, call_span, exchange, unanswered},
    settings::{SettingsError, callback_url, needed_to_start, secret, with_trailing_slash},
};

mod initiate;
mod lookup;
mod refund;
mod refusal;
mod returned;

pub use returned::{Expected, Return, ReturnError};

const SECRET_KEY: &str = "KHALTI__SECRET_KEY";

/// What a merchant has from Khalti, and where browsers come from and back to.
#[derive(Debug, Clone)]
pub struct KhaltiSettings {
    /// `KHALTI__SECRET_KEY`: the key alone, without the word `Key`.
    pub secret_key: SecretString,
    /// `KHALTI__BASE_URL`: what `epayment/initiate/` is appended to.
    pub base_url: Url,
    /// `KHALTI__REFUND_URL`: what `{transaction_id}/refund/` is appended to.
    pub refund_url: Url,
    /// `STOREFRONT__URL`; like the next, a service that only asks can leave it out, and then starts nothing.
    pub website_url: Option<Url>,
    /// `CALLBACK__PUBLIC_URL`
    pub callback_public_url: Option<String>,
}

/// Khalti, configured for one merchant.
#[derive(Clone)]
pub struct Khalti {
    http: HttpClient,
    authorization: HeaderValue,
    initiate_url: Url,
    lookup_url: Url,
    refund_url: Url,
    website_url: Option<Url>,
    callback_public_url: Option<String>,
}

impl fmt::Debug for Khalti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Khalti")
            .field("initiate_url", &self.initiate_url.as_str())
            .field("lookup_url", &self.lookup_url.as_str())
            .field("refund_url", &self.refund_url.as_str())
            .finish_non_exhaustive()
    }
}

impl Khalti {
    /// Fails with the name of the setting that cannot be used.
    pub fn new(settings: KhaltiSettings, http: HttpClient) -> Result<Self, SettingsError> {
        let base = with_trailing_slash(settings.base_url);
        let endpoint = |path: &str| {
            let problem = "cannot be extended by a path";
            base.join(path).or(Err(SettingsError { variable: "KHALTI__BASE_URL", problem }))
        };
        Ok(Self {
            http,
            authorization: authorization(secret(SECRET_KEY, &settings.secret_key)?)?,
            // The trailing slashes belong to them: a redirect that adds one would lose the body.
            initiate_url: endpoint("epayment/initiate/")?,
            lookup_url: endpoint("epayment/lookup/")?,
            refund_url: with_trailing_slash(settings.refund_url),
            website_url: settings.website_url,
            callback_public_url: settings.callback_public_url,
        })
    }

    fn post(&self, url: Url) -> RequestBuilder {
        self.http.post(url).header(AUTHORIZATION, self.authorization.clone())
    }

    async fn initiate(&self, payment: &StartPayment) -> Result<StartedPayment, StartPaymentError> {
        if payment.amount_minor < Provider::Khalti.amount_minor_min() {
            return Err(StartPaymentError::Refused {
                reason: "the amount is below Khalti's minimum".to_owned(),
            });
        }
        let public_url = self.callback_public_url.as_deref();
        let return_url = callback_url(public_url, Provider::Khalti, &payment.payment_intent_id)?;
        let website_url = needed_to_start("STOREFRONT__URL", self.website_url.as_ref())?;
        let body = initiate::Initiation::new(payment, return_url, website_url);
        let started = match exchange(self.post(self.initiate_url.clone()).json(&body)).await {
            Ok(reply) => initiate::read(&reply),
            Err(error) => Err(StartPaymentError::Unavailable { reason: error.to_string() }),
        };
        Span::current().record(
            "outcome",
            match started {
                Ok(_) => "started",
                Err(StartPaymentError::Refused { .. }) => "refused",
                Err(StartPaymentError::Unavailable { .. }) => "unavailable",
            },
        );
        started
    }

    async fn lookup(&self, question: &Question) -> Asked {
        let body = json!({ "pidx": question.gateway_reference });
        let asked = match exchange(self.post(self.lookup_url.clone()).json(&body)).await {
            Ok(reply) => Asked { answer: lookup::read(&reply, question), raw_response: reply.evidence() },
            Err(error) => unanswered(&error),
        };
        Span::current().record("outcome", asked.answer.outcome());
        asked
    }

    async fn give_back(&self, request: &RefundRequest) -> RefundReply {
        let Some(url) = refund::url(&self.refund_url, &request.transaction_id) else {
            return RefundReply::Refused { reason: "the transaction id is not one of Khalti's".to_owned() };
        };
        let call = self.post(url);
        let call = match refund::RefundBody::of(request) {
            Some(body) => call.json(&body),
            None => call,
        };
        let replied = match exchange(call).await {
            Ok(reply) => refund::read(&reply),
            Err(error) => RefundReply::Unknown { reason: error.to_string() },
        };
        Span::current().record(
            "outcome",
            match replied {
                RefundReply::Accepted => "accepted",
                RefundReply::Refused { .. } => "refused",
                RefundReply::Unknown { .. } => "unknown",
                RefundReply::NotOffered => "not_offered",
            },
        );
        replied
    }
}

/// The header's value, marked so that it is never printed.
fn authorization(key: &str) -> Result<HeaderValue, SettingsError> {
    let refused = |problem| SettingsError { variable: SECRET_KEY, problem };
    if key.contains(' ') {
        return Err(refused("must be the key alone, without the word `Key` before it"));
    }
    let mut value = HeaderValue::from_str(&format!("Key {key}")).or(Err(refused("must be visible ASCII")))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Gateway for Khalti {
    fn provider(&self) -> Provider {
        Provider::Khalti
    }

    fn reference_in_advance(&self, _payment_intent_id: &str) -> Option<String> {
        None
    }

    fn start(&self, payment: StartPayment) -> BoxFuture<'_, Result<StartedPayment, StartPaymentError>> {
        let span = call_span(Provider::Khalti, "initiate");
        Box::pin(async move { self.initiate(&payment).await }.instrument(span))
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, Asked> {
        let span = call_span(Provider::Khalti, "lookup");
        Box::pin(async move { self.lookup(&question).await }.instrument(span))
    }

    fn refund(&self, request: RefundRequest) -> BoxFuture<'_, RefundReply> {
        let span = call_span(Provider::Khalti, "refund");
        Box::pin(async move { self.give_back(&request).await }.instrument(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_sent_whole_and_never_printed() {
        let value = authorization("abc123").unwrap();
        assert_eq!(value.to_str().unwrap(), "Key abc123");
        assert_eq!(format!("{value:?}"), "Sensitive");
    }
}
