use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Code, request_id::X_REQUEST_ID};

pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A refusal as RFC 9457 describes it. Handlers return it as their error; the request id is added on the way out.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    code: Code,
    detail: String,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
    request_id: Option<String>,
}

/// One part of a request that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where it is, such as `shipping_address.phone` or `items[2].quantity`; empty for the whole body.
    pub field: String,
    /// What is wrong with it, for developers.
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Problem {
    /// `detail` is for people and tells what is special about this occurrence; it is public.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (members, headers) = (Map::new(), Vec::new());
        Self(Box::new(Parts { code, detail: detail.into(), members, headers, cause: None, request_id: None }))
    }

    /// `validation_failed` with its field list.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] if only.field.is_empty() => only.message.clone(),
            [only] => format!("{}: {}", only.field, only.message),
            several => format!("{} fields break their rules", several.len()),
        };
        Self::new(Code::ValidationFailed, detail).with("errors", errors)
    }

    /// A failure of ours: the caller learns nothing but the request id, the log learns the cause.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Code::InternalError, "The error is logged under this request id.").because(cause)
    }

    /// An extension member, such as the current `cart_version` beside `cart_changed`.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.0.members.insert(member.to_owned(), value);
                self
            }
            Err(error) => self.because(format_args!("the member `{member}` cannot be serialized: {error}")),
        }
    }

    /// Seconds after which the same request is worth sending again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// A header the status calls for.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// What lies behind it. Logged once, when the answer leaves; never sent.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    pub const fn code(&self) -> Code {
        self.0.code
    }

    /// What is special about this occurrence, for people.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What lies behind it, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    #[must_use]
    pub(crate) fn with_request_id(mut self, request_id: &str) -> Self {
        self.0.request_id = Some(request_id.to_owned());
        self
    }

    /// The document. Members come first so that none of them can hide one of RFC 9457's own.
    pub(crate) fn body(&self) -> String {
        let mut document = self.0.members.clone();
        let request_id = self.0.request_id.clone().map_or(Value::Null, Value::String);
        for (name, value) in [
            ("type", Value::from(format!("urn:problem-type:{}", self.0.code))),
            ("title", self.0.code.title().into()),
            ("status", self.0.code.status().as_u16().into()),
            ("detail", self.0.detail.as_str().into()),
            ("code", self.0.code.as_str().into()),
            ("request_id", request_id),
        ] {
            document.insert(name.to_owned(), value);
        }
        Value::Object(document).to_string()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.0.code, self.0.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        if let Some(request_id) = &self.0.request_id {
            response.insert_header((X_REQUEST_ID, request_id.as_str()));
        }
        response.body(self.body())
    }
}
