use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use service_kit::http::{Code, Problem};

use crate::error;

const NAME: &str = "Idempotency-Key";
const LENGTH_MAX: usize = 255;

/// The header that makes a request repeatable: 1 to 255 visible ASCII characters, given once.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(pub(super) String);

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(key_of(request))
    }
}

fn key_of(request: &HttpRequest) -> Result<IdempotencyKey, Problem> {
    let mut values = request.headers().get_all(NAME);
    let (first, second) = (values.next(), values.next());
    let missing = || Problem::new(Code::IdempotencyKeyMissing, "Send the header Idempotency-Key.");
    let key = first.filter(|value| !value.is_empty()).ok_or_else(missing)?.as_bytes();
    let is_visible = key.len() <= LENGTH_MAX && key.iter().all(u8::is_ascii_graphic);
    match std::str::from_utf8(key) {
        Ok(key) if is_visible && second.is_none() => Ok(IdempotencyKey(key.to_owned())),
        Ok(_) | Err(_) => Err(error::field(NAME, "must be 1 to 255 visible ASCII characters, sent once")),
    }
}
