//! ES256 signatures by ring, which checks one in a fraction of the time that jsonwebtoken's own choice takes: in a sale with a
//! new shopper behind every request it was three fifths of checkout-api's processor time.

use std::sync::LazyLock;

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    crypto::{CryptoProvider, JwtVerifier, rust_crypto},
    errors::{ErrorKind, Result},
    signature::{Error, Verifier},
};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

/// An uncompressed point of P-256 with the byte that says so; others are left to jsonwebtoken.
const POINT_BYTES: usize = 65;

static PROVIDER: LazyLock<CryptoProvider> =
    LazyLock::new(|| CryptoProvider { verifier_factory: verifier, ..rust_crypto::DEFAULT_PROVIDER.clone() });

/// Lets jsonwebtoken check ES256 signatures here from now on, in the whole process. Called again it changes nothing.
pub(super) fn check_by_ring() {
    // Refused where a provider is chosen already: this one, after the first call.
    let _ = PROVIDER.install_default();
}

struct Es256(UnparsedPublicKey<Vec<u8>>);

impl Verifier<Vec<u8>> for Es256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        self.0.verify(message, signature).map_err(|_unspecified| Error::new())
    }
}

impl JwtVerifier for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if *algorithm != Algorithm::ES256 {
        return (rust_crypto::DEFAULT_PROVIDER.verifier_factory)(algorithm, key);
    }
    if key.family() != AlgorithmFamily::Ec {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    let point = key.try_get_as_bytes()?;
    if point.len() != POINT_BYTES {
        return (rust_crypto::DEFAULT_PROVIDER.verifier_factory)(algorithm, key);
    }
    Ok(Box::new(Es256(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.to_vec()))))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{
        EncodingKey,
        crypto::{sign, verify},
        jwk::Jwk,
    };
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
    };

    use super::*;

    #[test]
    fn what_the_key_signed_is_accepted_and_nothing_else() {
        check_by_ring();
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let signing = EncodingKey::from_ec_der(pkcs8.as_ref());
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::ES256).unwrap();
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        let signature = sign(b"header.claims", &signing, Algorithm::ES256).unwrap();
        assert!(verify(&signature, b"header.claims", &key, Algorithm::ES256).unwrap());
        assert!(!verify(&signature, b"header.claimz", &key, Algorithm::ES256).unwrap());
        assert!(!verify("", b"header.claims", &key, Algorithm::ES256).unwrap());
        let secret = DecodingKey::from_secret(&[4; POINT_BYTES]);
        assert!(verify(&signature, b"header.claims", &secret, Algorithm::ES256).is_err());
    }
}
