//! The proof that a change comes from a page we made for this session.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use service_kit::http::Problem;
use sha2::Sha256;

const PURPOSE: &[u8] = b"admin-console: a change from one of our own pages";

/// A session's proof: keyed by its token, so that it survives restarts, is the same at every replica, and changes
/// with every sign-in.
pub(super) fn proof_of(token: &str) -> Result<String, Problem> {
    Ok(URL_SAFE_NO_PAD.encode(keyed_by(token)?.finalize().into_bytes()))
}

/// Compared in constant time.
pub(super) fn is_proof_of(token: &str, presented: &str) -> Result<bool, Problem> {
    let Ok(presented) = URL_SAFE_NO_PAD.decode(presented) else { return Ok(false) };
    Ok(keyed_by(token)?.verify_slice(&presented).is_ok())
}

fn keyed_by(token: &str) -> Result<Hmac<Sha256>, Problem> {
    let mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).map_err(Problem::internal)?;
    Ok(mac.chain_update(PURPOSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_good_for_its_own_token_only() {
        let proof = proof_of("token-a").unwrap();
        assert!(is_proof_of("token-a", &proof).unwrap());
        assert!(!is_proof_of("token-b", &proof).unwrap());
        for wrong in ["", "AAAA", "not base64!", &proof[..proof.len() - 2]] {
            assert!(!is_proof_of("token-a", wrong).unwrap(), "{wrong}");
        }
    }
}
