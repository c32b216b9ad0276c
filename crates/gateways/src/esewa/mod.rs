//! eSewa ePay v2: a signed form in the shopper's browser, a signed return, and a status check without a key.

use std::fmt;

use domain::{
    money::rupees_from_paisa,
    payments::gateway::{
        Asked, Gateway, Provider, Question, Redirection, RefundReply, RefundRequest, StartPayment,
        StartPaymentError, StartedPayment,
    },
};
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tracing::{Instrument, Span};
use url::Url;

use crate::{
    http::{HttpClient, call_span, exchange, unanswered},
    settings::{SettingsError, secret},
};

mod form;
mod returned;
mod signature;
mod status;

pub use returned::{DATA_BYTES_MAX, Expected, Return, ReturnError, VerifiedReturn};
use signature::Keys;

/// What a merchant has from eSewa, and where browsers come back to.
#[derive(Debug, Clone)]
pub struct EsewaSettings {
    /// `ESEWA__PRODUCT_CODE`
    pub product_code: String,
    /// `ESEWA__SECRET_KEY`
    pub secret_key: SecretString,
    /// `ESEWA__PREVIOUS_SECRET_KEY`: the key before a rotation. Verifies returns, signs nothing.
    pub previous_secret_key: Option<SecretString>,
    /// `ESEWA__FORM_URL`
    pub form_url: Url,
    /// `ESEWA__STATUS_URL`
    pub status_url: Url,
    /// `CALLBACK__PUBLIC_URL`; a service that only asks can leave it out, and then starts nothing.
    pub callback_public_url: Option<String>,
}

/// eSewa, configured for one merchant.
#[derive(Clone)]
pub struct Esewa {
    http: HttpClient,
    product_code: String,
    keys: Keys,
    form_url: Url,
    status_url: Url,
    callback_public_url: Option<String>,
}

impl fmt::Debug for Esewa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Esewa")
            .field("product_code", &self.product_code)
            .field("form_url", &self.form_url.as_str())
            .field("status_url", &self.status_url.as_str())
            .finish_non_exhaustive()
    }
}

impl Esewa {
    /// Fails with the name of the setting that cannot be used.
    pub fn new(settings: EsewaSettings, http: HttpClient) -> Result<Self, SettingsError> {
        let product_code = settings.product_code;
        let signable = |letter: char| letter.is_ascii_graphic() && letter != ',' && letter != '=';
        if product_code.is_empty() || !product_code.chars().all(signable) {
            let problem = "must be visible ASCII without `,` and `=`";
            return Err(SettingsError { variable: "ESEWA__PRODUCT_CODE", problem });
        }
        let current = secret("ESEWA__SECRET_KEY", &settings.secret_key)?;
        let previous = settings.previous_secret_key.as_ref();
        let previous = previous.map(|key| secret("ESEWA__PREVIOUS_SECRET_KEY", key)).transpose()?;
        let unusable =
            SettingsError { variable: "ESEWA__SECRET_KEY", problem: "cannot be used as an HMAC key" };
        Ok(Self {
            http,
            product_code,
            keys: Keys::new(current, previous).or(Err(unusable))?,
            form_url: settings.form_url,
            status_url: settings.status_url,
            callback_public_url: settings.callback_public_url,
        })
    }

    /// Checks that eSewa wrote `returned`, and that it is about this merchant and what is `expected`.
    ///
    /// A verified return starts a question; it settles nothing.
    pub fn verify_return(
        &self,
        returned: &Return,
        expected: Expected<'_>,
    ) -> Result<VerifiedReturn, ReturnError> {
        returned.verify(&self.keys, &self.product_code, expected)
    }

    fn started(&self, payment: &StartPayment) -> Result<StartedPayment, StartPaymentError> {
        let merchant = form::Merchant {
            product_code: &self.product_code,
            keys: &self.keys,
            callback_public_url: self.callback_public_url.as_deref(),
        };
        let fields = form::fields(&merchant, payment)?;
        Ok(StartedPayment {
            gateway_reference: form::transaction_uuid(&payment.payment_intent_id),
            redirection: Redirection::Form { url: self.form_url.to_string(), fields },
            expires_in_seconds: None,
        })
    }

    async fn status(&self, question: &Question) -> Asked {
        let total_amount = rupees_from_paisa(question.amount_minor);
        let request = self.http.get(self.status_url.clone()).query(&[
            ("product_code", self.product_code.as_str()),
            ("total_amount", &total_amount),
            ("transaction_uuid", &question.gateway_reference),
        ]);
        let asked = match exchange(request).await {
            Ok(reply) => Asked {
                answer: status::read(&reply, question, &self.product_code),
                raw_response: reply.evidence(),
            },
            Err(error) => unanswered(&error),
        };
        Span::current().record("outcome", asked.answer.outcome());
        asked
    }
}

impl Gateway for Esewa {
    fn provider(&self) -> Provider {
        Provider::Esewa
    }

    fn reference_in_advance(&self, payment_intent_id: &str) -> Option<String> {
        Some(form::transaction_uuid(payment_intent_id))
    }

    fn start(&self, payment: StartPayment) -> BoxFuture<'_, Result<StartedPayment, StartPaymentError>> {
        Box::pin(std::future::ready(self.started(&payment)))
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, Asked> {
        let span = call_span(Provider::Esewa, "status");
        Box::pin(async move { self.status(&question).await }.instrument(span))
    }

    fn refund(&self, _request: RefundRequest) -> BoxFuture<'_, RefundReply> {
        Box::pin(std::future::ready(RefundReply::NotOffered))
    }
}
