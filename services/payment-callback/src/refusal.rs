//! Refusals: one exhaustive match from use cases, then a problem for programs or a page for people.

use actix_web::{HttpRequest, HttpResponse};
use domain::{
    client_status::TooManyWatchers,
    payments::{callback::ReceiveError, record_answer::RecordAnswerError},
};
use service_kit::http::{Code, Problem};

use crate::{desk::DeskError, pages, preference::Preference};

/// Until the database is worth another try.
const RETRY_AFTER_SECONDS: u64 = 2;

/// Why a request was not served. `cause` is for the log.
#[derive(Debug)]
pub(crate) enum Refusal {
    UnknownIntent,
    CallbackInvalid { cause: String },
    TooMany { retry_after_seconds: u64 },
    Unavailable { cause: String },
    Internal { cause: String },
}

impl From<DeskError> for Refusal {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Busy => Self::Unavailable { cause: error.to_string() },
            DeskError::Panicked => Self::Internal { cause: error.to_string() },
            DeskError::Receive(error) => error.into(),
        }
    }
}

impl From<ReceiveError> for Refusal {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::UnknownIntent | ReceiveError::Record(RecordAnswerError::IntentGone) => {
                Self::UnknownIntent
            }
            ReceiveError::TooMany { retry_after } => {
                Self::TooMany { retry_after_seconds: retry_after.as_secs() + 1 }
            }
            ReceiveError::Invalid { payment_intent_id, reason } => {
                Self::CallbackInvalid { cause: format!("{payment_intent_id}: {reason}") }
            }
            ReceiveError::Record(RecordAnswerError::Schema(error)) | ReceiveError::Schema(error) => {
                error.into()
            }
            ReceiveError::Record(
                error @ (RecordAnswerError::LeaseLost | RecordAnswerError::UnknownWord(_)),
            ) => Self::Internal { cause: error.to_string() },
            ReceiveError::UnknownWord(error) => Self::Internal { cause: error.to_string() },
        }
    }
}

impl From<domain::Error> for Refusal {
    fn from(error: domain::Error) -> Self {
        match error {
            domain::Error::Unavailable(_) | domain::Error::Contended(_) => {
                Self::Unavailable { cause: error.to_string() }
            }
            domain::Error::Refused { .. } | domain::Error::Defect(_) => {
                Self::Internal { cause: error.to_string() }
            }
        }
    }
}

impl From<TooManyWatchers> for Refusal {
    fn from(error: TooManyWatchers) -> Self {
        Self::Unavailable { cause: error.to_string() }
    }
}

impl Refusal {
    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::UnknownIntent => Code::NotFound,
            Self::CallbackInvalid { .. } => Code::CallbackInvalid,
            Self::TooMany { .. } => Code::RateLimited,
            Self::Unavailable { .. } => Code::ServiceUnavailable,
            Self::Internal { .. } => Code::InternalError,
        }
    }

    /// Seconds after which the same request is worth sending again, where it is.
    pub(crate) const fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::TooMany { retry_after_seconds } => Some(*retry_after_seconds),
            Self::Unavailable { .. } => Some(RETRY_AFTER_SECONDS),
            Self::UnknownIntent | Self::CallbackInvalid { .. } | Self::Internal { .. } => None,
        }
    }

    /// A page where the caller prefers one, else a problem.
    ///
    /// # Errors
    /// The problem.
    pub(crate) fn answer(self, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        if Preference::of(request) != Preference::Page {
            return Err(self.problem());
        }
        // The boundary logs the causes of problems; a page carries none.
        let code = self.code().as_str();
        match &self {
            Self::Internal { cause } => tracing::error!(code, cause, "refused"),
            Self::Unavailable { cause } => tracing::warn!(code, cause, "refused"),
            Self::CallbackInvalid { cause } => tracing::info!(code, cause, "refused"),
            Self::UnknownIntent | Self::TooMany { .. } => tracing::info!(code, "refused"),
        }
        pages::refusal(request, &self)
    }

    pub(crate) fn problem(self) -> Problem {
        let problem = match &self {
            Self::UnknownIntent => Problem::new(self.code(), "There is no such payment."),
            Self::CallbackInvalid { cause } => Problem::new(
                self.code(),
                "Nothing was changed; the payment's status is at /payment/status/{payment_intent_id}.",
            )
            .because(cause),
            Self::TooMany { .. } => Problem::new(self.code(), "This payment gets too many callbacks."),
            Self::Unavailable { cause } => {
                Problem::new(self.code(), "The service cannot answer for a moment.").because(cause)
            }
            Self::Internal { cause } => Problem::internal(cause),
        };
        match self.retry_after_seconds() {
            Some(seconds) => problem.retry_after(seconds),
            None => problem,
        }
    }
}
