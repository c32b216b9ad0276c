//! Tokens whose signature was verified before.

use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::{jwks::VerificationKey, verifier::Claims};

/// Shoppers and operators who are busy at a time: two megabytes.
const TOKENS_MAX: usize = 10_000;

/// Remembers what tokens say that a key has verified, by their digests: no token is kept. One is known as long as its
/// key is the very one that verified it, so that a key which its issuer withdraws takes its tokens along.
#[derive(Debug)]
pub(crate) struct VerifiedTokens(Cache<[u8; 32], Verified>);

#[derive(Debug, Clone)]
struct Verified {
    key: Arc<VerificationKey>,
    claims: Claims,
}

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(Cache::new(TOKENS_MAX))
    }
}

impl VerifiedTokens {
    /// What the token says, if this key has verified it. Whether it has ended meanwhile is for the caller to see.
    pub(crate) fn claims(&self, token: &str, key: &Arc<VerificationKey>) -> Option<Claims> {
        let verified = self.0.get(&digest(token))?;
        Arc::ptr_eq(&verified.key, key).then_some(verified.claims)
    }

    pub(crate) fn remember(&self, token: &str, key: &Arc<VerificationKey>, claims: &Claims) {
        self.0.insert(digest(token), Verified { key: Arc::clone(key), claims: claims.clone() });
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey};

    use super::*;

    fn key() -> Arc<VerificationKey> {
        Arc::new(VerificationKey { key: DecodingKey::from_secret(b"any"), algorithm: Algorithm::ES256 })
    }

    #[test]
    fn a_token_is_known_to_the_key_that_verified_it_and_to_no_other() {
        let (tokens, first, second) = (VerifiedTokens::default(), key(), key());
        let claims = Claims { sub: "shopper-1".to_owned(), role: None, ends_at_seconds: 9 };
        assert_eq!(tokens.claims("a.b.c", &first), None);
        tokens.remember("a.b.c", &first, &claims);
        assert_eq!(tokens.claims("a.b.c", &first), Some(claims));
        assert_eq!(tokens.claims("a.b.d", &first), None);
        assert_eq!(tokens.claims("a.b.c", &second), None, "a key of the same name is another key");
    }
}
