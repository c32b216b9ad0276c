use std::{collections::BTreeMap, time::Duration};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    web::{Bytes, Data, Path, Payload},
};
use domain::payments::{
    callback::{Callback, CallbackKind, RAW_PAYLOAD_BYTES_MAX, RawPayload},
    gateway::Provider,
};
use serde_json::value::RawValue;
use service_kit::http::{Code, FieldError, Problem};
use tokio::time::timeout;
use url::form_urlencoded;

use crate::{
    answer::Standing,
    app::State,
    judge::{self, Fields},
    refusal::Refusal,
};

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A notification from server to server: a hint like any redirect.
pub(crate) async fn receive(
    request: HttpRequest,
    state: Data<State>,
    provider: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let provider: Provider = provider
        .parse()
        .map_err(|error| Problem::new(Code::NotFound, "There is no such provider.").because(error))?;
    let format = Format::of(&request)?;
    let body = read(payload).await?;
    let fields = match format {
        Format::Json => fields_of_json(&body)?,
        Format::Form => form_urlencoded::parse(&body).into_owned().collect(),
    };
    let (named, judge) = match provider {
        Provider::Esewa => judge::esewa_webhook(state.esewa.clone(), &fields),
        Provider::Khalti => judge::khalti_webhook(&fields),
    };
    let named = named.ok_or_else(|| Refusal::UnknownIntent.problem())?;
    let raw_payload = RawPayload::keep(&body);
    let callback = Callback { provider, kind: CallbackKind::Webhook, named, raw_payload };
    let received = state.desk.receive(callback, judge).await;
    let received = received.map_err(|error| Refusal::from(error).problem())?;
    Ok(Standing { intent: received.intent, status: received.status }.json())
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    Form,
}

impl Format {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        match request.content_type() {
            "application/json" => Ok(Self::Json),
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            _ => Err(Problem::new(
                Code::UnsupportedMediaType,
                "Send application/json or application/x-www-form-urlencoded.",
            )),
        }
    }
}

async fn read(payload: Payload) -> Result<Bytes, Problem> {
    let read = timeout(BODY_TIMEOUT, payload.to_bytes_limited(RAW_PAYLOAD_BYTES_MAX)).await;
    let unread = |cause: String| Problem::new(Code::MalformedJson, "The body did not arrive.").because(cause);
    let within = read.map_err(|elapsed| unread(elapsed.to_string()))?;
    let too_large = |_exceeded| {
        let detail = format!("A notification may have {RAW_PAYLOAD_BYTES_MAX} bytes.");
        Problem::new(Code::PayloadTooLarge, detail)
    };
    within.map_err(too_large)?.map_err(|error| unread(error.to_string()))
}

/// The object's fields, numbers in the spelling they came in; what is null or nested names and signs nothing.
fn fields_of_json(body: &[u8]) -> Result<Fields, Problem> {
    let literals: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(body).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                Problem::validation(vec![FieldError::new("", "must be an object of fields")])
            }
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof => Problem::new(Code::MalformedJson, "The body is not JSON."),
        })?;
    let text_of = |literal: &RawValue| match literal.get().chars().next() {
        Some('"') => serde_json::from_str::<String>(literal.get()).ok(),
        Some('{' | '[' | 'n') | None => None,
        Some(_) => Some(literal.get().to_owned()),
    };
    Ok(literals.into_iter().filter_map(|(name, literal)| Some((name, text_of(&literal)?))).collect())
}
