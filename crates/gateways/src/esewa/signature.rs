//! HMAC-SHA256 over `name=value,name=value`, in base64.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac, digest::InvalidLength};
use sha2::Sha256;

/// The key that signs and verifies, and the one before it, which only verifies.
///
/// During a rotation, payers who left with the old key's form still come back.
#[derive(Clone)]
pub(super) struct Keys {
    current: Hmac<Sha256>,
    previous: Option<Hmac<Sha256>>,
}

impl Keys {
    pub(super) fn new(current: &str, previous: Option<&str>) -> Result<Self, InvalidLength> {
        let keyed = |key: &str| Hmac::new_from_slice(key.as_bytes());
        Ok(Self { current: keyed(current)?, previous: previous.map(keyed).transpose()? })
    }

    pub(super) fn sign(&self, message: &str) -> String {
        STANDARD.encode(self.current.clone().chain_update(message).finalize().into_bytes())
    }

    /// Compares in constant time. A signature that is not base64, or not of a digest's length, is a wrong one.
    pub(super) fn verify(&self, message: &str, signature: &str) -> bool {
        let Ok(digest) = STANDARD.decode(signature) else { return false };
        let genuine = |key: &Hmac<Sha256>| key.clone().chain_update(message).verify_slice(&digest).is_ok();
        genuine(&self.current) || self.previous.as_ref().is_some_and(genuine)
    }
}

/// The text that is signed: names and values as they are sent, without blanks or URL encoding.
pub(super) fn message<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<_> = fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(",")
}
