use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, get_current_timestamp};
use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    jwks::{Jwks, KeyError},
    signatures::check_by_ring,
    verified::VerifiedTokens,
};
use crate::{
    http::{Code, Problem},
    settings::{AuthSettings, TokenKeys},
};

/// Two machines' clocks may differ by this much.
const LEEWAY_SECONDS: u64 = 5;
/// Honest tokens have a few hundred bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
const SUBJECT_CHARS_MAX: usize = 255;
/// When a token cannot be checked because its issuer is away.
const RETRY_AFTER_SECONDS: u64 = 5;

const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer");
const CHALLENGE_INVALID: HeaderValue = HeaderValue::from_static(r#"Bearer error="invalid_token""#);

/// What a verified token says. `exp`, `iss` and `aud` were there and right.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// 1 to 255 characters, any text.
    pub sub: String,
    pub role: Option<String>,
    /// When the token ends, in seconds since 1970.
    #[serde(rename = "exp", deserialize_with = "whole_seconds")]
    pub ends_at_seconds: i64,
}

impl Claims {
    /// By this machine's clock, as any verification of a token: nothing of the business depends on it.
    fn have_not_ended(&self) -> bool {
        let now = i64::try_from(get_current_timestamp()).unwrap_or(i64::MAX);
        self.ends_at_seconds > now
    }
}

/// RFC 7519 allows fractions of a second; a session may end that much early.
fn whole_seconds<'de, D: Deserializer<'de>>(claim: D) -> Result<i64, D::Error> {
    let text = serde_json::Number::deserialize(claim)?.to_string();
    let whole = text.split('.').next().and_then(|whole| whole.parse().ok());
    whole.ok_or_else(|| D::Error::custom("`exp` is not a number of seconds"))
}

/// Why a request has no user.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("there is no bearer token")]
    Missing,
    /// The reason goes to the caller: it describes the caller's own token.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// Nobody's fault who is asking: no key has ever been fetched.
    #[error("tokens cannot be checked: {0}")]
    KeysUnavailable(String),
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Missing => {
                Self::new(Code::Unauthenticated, "Send `Authorization: Bearer` with a token.")
                    .header(header::WWW_AUTHENTICATE, CHALLENGE)
            }
            AuthError::Invalid(reason) => {
                Self::new(Code::Unauthenticated, reason).header(header::WWW_AUTHENTICATE, CHALLENGE_INVALID)
            }
            AuthError::KeysUnavailable(reason) => {
                Self::new(Code::ServiceUnavailable, "Tokens cannot be checked at the moment.")
                    .retry_after(RETRY_AFTER_SECONDS)
                    .because(reason)
            }
        }
    }
}

/// Checks tokens of one issuer for one audience. Share one instance (`web::Data`) between threads: it keeps the keys.
#[derive(Debug)]
pub struct TokenVerifier {
    keys: Keys,
    issuer: String,
    audience: String,
}

#[derive(Debug)]
enum Keys {
    SharedSecret(DecodingKey),
    /// With the tokens that its keys have verified; an HMAC is as fast as remembering.
    Jwks(Arc<Jwks>, VerifiedTokens),
}

impl TokenVerifier {
    /// Fetches nothing yet: an identity provider that is away does not stop the start.
    ///
    /// # Errors
    /// The HTTP client for keys cannot be built.
    pub fn new(settings: &AuthSettings) -> Result<Self, reqwest::Error> {
        check_by_ring();
        let keys = match &settings.keys {
            TokenKeys::SharedSecret(secret) => {
                Keys::SharedSecret(DecodingKey::from_secret(secret.expose_secret().as_bytes()))
            }
            TokenKeys::Jwks(url) => Keys::Jwks(Arc::new(Jwks::new(url.clone())?), VerifiedTokens::default()),
        };
        Ok(Self { keys, issuer: settings.issuer.clone(), audience: settings.audience.clone() })
    }

    /// Verifies the token in a request's `Authorization` header.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn verify_headers(&self, headers: &HeaderMap) -> Result<Claims, AuthError> {
        let mut values = headers.get_all(header::AUTHORIZATION);
        let (Some(value), None) = (values.next(), values.next()) else { return Err(AuthError::Missing) };
        let (scheme, token) =
            value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(AuthError::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(AuthError::Missing);
        }
        self.verify(token.trim()).await
    }

    /// Verifies one token: signature, `exp`, `nbf` where present, `iss`, `aud` and a usable `sub`.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn verify(&self, token: &str) -> Result<Claims, AuthError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AuthError::Invalid("It is too long.".to_owned()));
        }
        let claims = match &self.keys {
            Keys::SharedSecret(key) => self.decode(token, key, Algorithm::HS256)?,
            Keys::Jwks(jwks, verified) => {
                let header = decode_header(token).map_err(|error| invalid(&error))?;
                let key = jwks.key(header.kid.as_deref()).await?;
                match verified.claims(token, &key).filter(Claims::have_not_ended) {
                    Some(claims) => claims,
                    None => {
                        let claims = self.decode(token, &key.key, key.algorithm)?;
                        verified.remember(token, &key, &claims);
                        claims
                    }
                }
            }
        };
        // Postgres keeps no NUL in a text.
        if (1..=SUBJECT_CHARS_MAX).contains(&claims.sub.chars().count()) && !claims.sub.contains('\0') {
            return Ok(claims);
        }
        Err(AuthError::Invalid(format!(
            "`sub` must have 1 to {SUBJECT_CHARS_MAX} characters, none of them NUL."
        )))
    }

    fn decode(&self, token: &str, key: &DecodingKey, algorithm: Algorithm) -> Result<Claims, AuthError> {
        let mut rules = Validation::new(algorithm);
        rules.leeway = LEEWAY_SECONDS;
        rules.validate_nbf = true;
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        decode::<Claims>(token, key, &rules).map(|data| data.claims).map_err(|error| invalid(&error))
    }
}

fn invalid(error: &jsonwebtoken::errors::Error) -> AuthError {
    AuthError::Invalid(format!("The token was refused: {error}."))
}

impl From<KeyError> for AuthError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unknown => Self::Invalid("No key of the issuer has this `kid`.".to_owned()),
            KeyError::Unavailable(reason) => Self::KeysUnavailable(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_end_when_they_say() {
        let now = i64::try_from(get_current_timestamp()).unwrap();
        let ending_at = |ends_at_seconds| Claims { sub: "shopper-1".to_owned(), role: None, ends_at_seconds };
        assert!(ending_at(now + 60).have_not_ended());
        assert!(!ending_at(now - 1).have_not_ended());
    }
}
