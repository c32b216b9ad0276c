use std::fmt;

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// Everything that can be answered besides success. The word is the contract; `docs/errors.md` explains each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable word callers program against.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The status it is always answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// What it means, the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not readable JSON";
    IdempotencyKeyMissing = "idempotency_key_missing", BAD_REQUEST, "An Idempotency-Key header is required";
    CallbackInvalid = "callback_invalid", BAD_REQUEST, "The gateway's redirect does not check out";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "A valid bearer token is required";
    Forbidden = "forbidden", FORBIDDEN, "This token does not allow that";
    NotFound = "not_found", NOT_FOUND, "There is no such thing here";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This method does not exist here";
    CartChanged = "cart_changed", CONFLICT, "The cart is not the one that was shown";
    InsufficientStock = "insufficient_stock", CONFLICT, "There is not enough stock";
    VariantUnavailable = "variant_unavailable", CONFLICT, "This variant is not for sale";
    AlreadyPaid = "already_paid", CONFLICT, "This cart is already paid";
    RequestInProgress = "request_in_progress", CONFLICT, "A request with this key is being answered";
    ActionRefused = "action_refused", CONFLICT, "The rules do not allow this here";
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "This media type is not understood";
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY, "The request does not meet its rules";
    CartEmpty = "cart_empty", UNPROCESSABLE_ENTITY, "The cart is empty";
    AmountBelowMinimum = "amount_below_minimum", UNPROCESSABLE_ENTITY, "The gateway takes no amount this small";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "This key belongs to another request";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests";
    InternalError = "internal_error", INTERNAL_SERVER_ERROR, "Something went wrong on our side";
    GatewayUnavailable = "gateway_unavailable", BAD_GATEWAY, "The payment gateway does not answer";
    ServiceUnavailable = "service_unavailable", SERVICE_UNAVAILABLE, "The service is not available for a moment";
}

impl Code {
    /// The code for a refusal that came from the framework with nothing but a status.
    pub(crate) fn for_status(status: StatusCode) -> Option<Self> {
        let plain = match status {
            StatusCode::BAD_REQUEST => Self::MalformedJson,
            StatusCode::UNAUTHORIZED => Self::Unauthenticated,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::ValidationFailed,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::INTERNAL_SERVER_ERROR => Self::InternalError,
            StatusCode::BAD_GATEWAY => Self::GatewayUnavailable,
            StatusCode::SERVICE_UNAVAILABLE => Self::ServiceUnavailable,
            _ => return None,
        };
        Some(plain)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
