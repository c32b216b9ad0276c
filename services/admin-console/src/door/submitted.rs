//! What a form sent, read once at the door.

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::{Payload, ServiceRequest},
    web::Bytes,
};
use serde::de::DeserializeOwned;
use service_kit::http::{Code, FieldError, Problem};
use url::form_urlencoded::{Serializer, parse};

/// The field of a form that proves which page it came from.
pub(super) const CSRF_FIELD: &str = "csrf";
/// How long a form may take to arrive.
const FORM_TIMEOUT: Duration = Duration::from_secs(10);
/// Fields of a form at most.
const FIELDS_MAX: usize = 100;

/// A form's fields in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Submitted(Vec<(String, String)>);

impl Submitted {
    /// Reads the body of a request that sends a form; anything else is left where it is. Its size is bounded by the
    /// application's `PayloadConfig`.
    pub(super) async fn read(request: &mut ServiceRequest) -> Result<Option<Self>, Problem> {
        if request.content_type() != "application/x-www-form-urlencoded" {
            return Ok(None);
        }
        let body = tokio::time::timeout(FORM_TIMEOUT, request.extract::<Bytes>()).await;
        let body = body
            .map_err(|_elapsed| Problem::new(Code::MalformedJson, "The form did not arrive in time."))?
            .map_err(|error| Problem::new(Code::PayloadTooLarge, "The form is too large.").because(error))?;
        let fields = parse(&body).into_owned().take(FIELDS_MAX);
        Ok(Some(Self(fields.collect())))
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// What a person filled in, without the proof.
    pub(super) fn fields(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter().filter(|(name, _)| name != CSRF_FIELD)
    }

    fn read_as<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let text = Serializer::new(String::new()).extend_pairs(self.fields()).finish();
        serde_urlencoded::from_str(&text)
            .map_err(|error| Problem::validation(vec![FieldError::new("", error.to_string())]))
    }
}

/// A form as a page's handler takes it: its own fields, without the proof. Give its type
/// `#[serde(deny_unknown_fields)]`.
#[derive(Debug, Clone)]
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Form<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let fields = request.extensions().get::<Submitted>().map(Submitted::read_as);
        let form = fields.unwrap_or_else(|| Err(Problem::new(Code::UnsupportedMediaType, "Send a form.")));
        ready(form.map(Self))
    }
}
