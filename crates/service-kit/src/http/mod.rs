//! HTTP as every service speaks it: problems, extractors, ids, limits and headers.

mod boundary;
mod client_address;
mod code;
mod cors;
mod extract;
mod metrics;
mod problem;
mod rate_limit;
mod request_id;
mod root_span;

pub(crate) use boundary::{boundary, catch_panic};
pub use client_address::client_address;
pub use code::Code;
pub(crate) use cors::cors;
pub(crate) use extract::path_config;
pub use extract::{BODY_BYTES_MAX, Json, Query};
pub use problem::{FieldError, Problem};
pub use rate_limit::RateLimit;
pub(crate) use rate_limit::limit_rate;
pub use request_id::RequestId;
pub(crate) use root_span::TracedRequest;
