//! Extractors that tell a caller which field is wrong, and why.

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::CONTENT_LENGTH,
    web::{BytesMut, PathConfig},
};
use futures_util::{
    StreamExt,
    future::{Ready, ready},
};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{Code, FieldError, Problem};

/// Bytes of a JSON body at most; the largest honest one is an address.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Messages quote what the caller sent; this much of it is enough.
const MESSAGE_CHARS_MAX: usize = 200;

/// A JSON object as body. Give its type `#[serde(deny_unknown_fields)]`: unknown fields are refused everywhere.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

/// A query string, with the same rules as [`Json`].
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let admitted = admit(request);
        let payload = payload.take();
        Box::pin(async move {
            admitted?;
            let body = tokio::time::timeout(BODY_TIMEOUT, read(payload)).await.map_err(|_elapsed| {
                Problem::new(Code::MalformedJson, "The body did not arrive in time.")
            })??;
            parse_json(&body).map(Self)
        })
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Self))
    }
}

/// A path whose parts cannot be read names nothing that exists.
pub(crate) fn path_config() -> PathConfig {
    PathConfig::default()
        .error_handler(|_unreadable, _| Problem::new(Code::NotFound, "No such address.").into())
}

fn admit(request: &HttpRequest) -> Result<(), Problem> {
    let media_type = request.mime_type().ok().flatten();
    let is_json = media_type.is_some_and(|kind| {
        kind.type_() == "application"
            && (kind.subtype() == "json" || kind.suffix().is_some_and(|s| s == "json"))
    });
    if !is_json {
        return Err(Problem::new(Code::UnsupportedMediaType, "Send application/json."));
    }
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    Ok(())
}

async fn read(mut payload: Payload) -> Result<BytesMut, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| Problem::new(Code::MalformedJson, "The body broke off.").because(error))?;
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn too_large() -> Problem {
    Problem::new(Code::PayloadTooLarge, format!("A body may have {BODY_BYTES_MAX} bytes."))
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // Asked first and by itself: while a value is read, the reader also calls a value of a wrong type bad syntax.
    let malformed = |error: serde_json::Error| Problem::new(Code::MalformedJson, capped(&error.to_string()));
    let text = std::str::from_utf8(body)
        .map_err(|_invalid| Problem::new(Code::MalformedJson, "The body is not UTF-8."))?;
    let _: IgnoredAny = serde_json::from_str(text).map_err(malformed)?;
    // A list of the fields' values would also do for the reader.
    if !text.trim_start().starts_with('{') {
        return Err(Problem::validation(vec![FieldError::new("", "must be an object")]));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        Problem::validation(vec![field_error(&path, &error.into_inner().to_string())])
    })
}

fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let reader = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        Problem::validation(vec![field_error(&path, &error.into_inner().to_string())])
    })
}

/// Serde reports a missing or repeated field at its parent; callers look for it under its own name.
fn field_error(path: &str, message: &str) -> FieldError {
    let message = message.split(" at line ").next().unwrap_or(message);
    let parent = if path == "." { "" } else { path };
    let name = ["missing field `", "duplicate field `"]
        .iter()
        .find_map(|reported_at_parent| message.strip_prefix(reported_at_parent)?.strip_suffix('`'));
    let field = match name {
        Some(name) if parent.is_empty() => name.to_owned(),
        Some(name) => format!("{parent}.{name}"),
        None => parent.to_owned(),
    };
    FieldError::new(capped(&field), capped(message))
}

fn capped(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}
