//! The issuer's public keys, fetched and remembered.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use tokio::sync::Mutex;
use url::Url;

/// An issuer that withdraws a key is believed after this time at the latest.
const REFRESH_AFTER: Duration = Duration::from_secs(300);
/// Tokens with invented key ids must not make us hammer the issuer.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
const KEYS_MAX: usize = 100;

/// A key and the one algorithm it is good for.
#[derive(Debug, Clone)]
pub(crate) struct VerificationKey {
    pub(crate) key: DecodingKey,
    pub(crate) algorithm: Algorithm,
}

/// Why there is no key for a token.
#[derive(Debug)]
pub(crate) enum KeyError {
    /// The issuer answered, and has no such key.
    Unknown,
    /// The issuer has not answered since this process started.
    Unavailable(String),
}

/// By key id.
type Keys = Vec<(Option<String>, Arc<VerificationKey>)>;

#[derive(Debug, Default)]
struct KeyRing {
    keys: Keys,
    fetched_at: Option<Instant>,
}

impl KeyRing {
    /// The key a token names; one that names none may mean the only one.
    fn find(&self, key_id: Option<&str>) -> Option<Arc<VerificationKey>> {
        match (key_id, self.keys.as_slice()) {
            (None, [(_, only)]) => Some(Arc::clone(only)),
            (None, _) => None,
            (Some(wanted), keys) => {
                keys.iter().find(|(id, _)| id.as_deref() == Some(wanted)).map(|(_, key)| Arc::clone(key))
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct Jwks {
    url: Url,
    client: reqwest::Client,
    refresh_after: Duration,
    ask_again_after: Duration,
    ring: RwLock<Arc<KeyRing>>,
    /// When the issuer was last asked, and by holding it: that somebody is asking.
    asked_at: Mutex<Option<Instant>>,
}

impl Jwks {
    pub(crate) fn new(url: Url) -> Result<Self, reqwest::Error> {
        crate::tls::install_crypto_provider();
        let client = reqwest::Client::builder()
            .timeout(FETCH_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            url,
            client,
            refresh_after: REFRESH_AFTER,
            ask_again_after: ASK_AGAIN_AFTER,
            ring: RwLock::default(),
            asked_at: Mutex::default(),
        })
    }

    /// The key for a token. An unknown key id makes us ask the issuer, at most every five seconds; keys that are old
    /// stay good while it is asked in the background, or away.
    pub(crate) async fn key(
        self: &Arc<Self>,
        key_id: Option<&str>,
    ) -> Result<Arc<VerificationKey>, KeyError> {
        let ring = self.ring();
        if let Some(key) = ring.find(key_id) {
            if ring.fetched_at.is_some_and(|at| at.elapsed() >= self.refresh_after) {
                self.refresh_in_background();
            }
            return Ok(key);
        }
        let refreshed = self.refresh(ring.fetched_at).await;
        let ring = self.ring();
        match (ring.find(key_id), ring.fetched_at, refreshed) {
            (Some(key), _, _) => Ok(key),
            (None, Some(_), _) => Err(KeyError::Unknown),
            (None, None, Err(reason)) => Err(KeyError::Unavailable(reason)),
            (None, None, Ok(())) => {
                Err(KeyError::Unavailable("the issuer was asked a moment ago".to_owned()))
            }
        }
    }

    /// One caller asks at a time; those who waited for it use what it brought.
    async fn refresh(&self, seen: Option<Instant>) -> Result<(), String> {
        let mut asked_at = self.asked_at.lock().await;
        let somebody_else_did = self.ring().fetched_at != seen;
        if somebody_else_did || self.is_recent(*asked_at) {
            return Ok(());
        }
        *asked_at = Some(Instant::now());
        self.fetch_and_keep().await
    }

    fn refresh_in_background(self: &Arc<Self>) {
        // Whoever holds the lock is asking already.
        let Ok(mut asked_at) = self.asked_at.try_lock() else { return };
        if self.is_recent(*asked_at) {
            return;
        }
        *asked_at = Some(Instant::now());
        let jwks = Arc::clone(self);
        tokio::spawn(async move { jwks.fetch_and_keep().await });
    }

    async fn fetch_and_keep(&self) -> Result<(), String> {
        let keys = self.fetch().await.inspect_err(|reason| {
            tracing::warn!(url = %self.url, reason, "the token issuer's keys could not be fetched");
        })?;
        let ring = Arc::new(KeyRing { keys, fetched_at: Some(Instant::now()) });
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    fn is_recent(&self, asked_at: Option<Instant>) -> bool {
        asked_at.is_some_and(|at| at.elapsed() < self.ask_again_after)
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn fetch(&self) -> Result<Keys, String> {
        let answer = self.client.get(self.url.clone()).send().await;
        let mut answer =
            answer.and_then(reqwest::Response::error_for_status).map_err(|error| chain(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| chain(&error))? {
            if body.len() + chunk.len() > DOCUMENT_BYTES_MAX {
                return Err(format!("the document has more than {DOCUMENT_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        parse(&body)
    }
}

/// Keys that are not for signatures, or of kinds not spoken here, are passed over as RFC 7517 section 5 asks.
fn parse(document: &[u8]) -> Result<Keys, String> {
    let mut set: HashMap<String, serde_json::Value> =
        serde_json::from_slice(document).map_err(|error| format!("not a key set: {error}"))?;
    let Some(serde_json::Value::Array(entries)) = set.remove("keys") else {
        return Err("not a key set: no `keys`".to_owned());
    };
    let keys: Vec<_> = entries
        .into_iter()
        .take(KEYS_MAX)
        .filter_map(|entry| serde_json::from_value::<Jwk>(entry).ok())
        .filter_map(|jwk| Some((jwk.common.key_id.clone(), Arc::new(verification_key(&jwk)?))))
        .collect();
    if keys.is_empty() { Err("the key set has no RS256 or ES256 key".to_owned()) } else { Ok(keys) }
}

fn verification_key(jwk: &Jwk) -> Option<VerificationKey> {
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => Algorithm::ES256,
        _ => return None,
    };
    let stated = jwk.common.key_algorithm.map(|stated| stated.to_string());
    if stated.is_some_and(|stated| stated != format!("{algorithm:?}")) {
        return None;
    }
    Some(VerificationKey { key: DecodingKey::from_jwk(jwk).ok()?, algorithm })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
