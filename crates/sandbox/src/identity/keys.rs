use anyhow::Context as _;
use jsonwebtoken::{
    Algorithm, EncodingKey,
    jwk::{Jwk, PublicKeyUse},
};
use p256::{
    SecretKey,
    pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding},
};
use rand::RngCore as _;

use crate::identifiers::khalti_identifier;

/// Making RSA keys takes many seconds in a debug build, so RS256 has one fixed key that protects nothing.
const DEVELOPMENT_RSA_KEY: &[u8] = include_bytes!("development_rsa_key.pem");
const RSA_KID: &str = "development-rsa";
/// Keys kept in the set after rotations; older ones fall out.
const PREVIOUS_KEYS_MAX: usize = 8;
const KEY_DRAWS_MAX: usize = 16;

/// A key that signs, and what the world may know of it.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pub(super) algorithm: Algorithm,
    pub(super) private: EncodingKey,
    pub(super) public_pem: String,
    jwk: Jwk,
}

/// The issuer's keys: one that signs, those still published, and the fixed RSA key.
pub(crate) struct Keys {
    current: SigningKey,
    previous: Vec<SigningKey>,
    rsa: SigningKey,
}

impl Keys {
    pub(crate) fn generate() -> anyhow::Result<Self> {
        Ok(Self {
            current: SigningKey::generate()?,
            previous: Vec::new(),
            rsa: SigningKey::development_rsa()?,
        })
    }

    pub(crate) fn rotate(&mut self, keep_previous: bool) -> anyhow::Result<()> {
        let retired = std::mem::replace(&mut self.current, SigningKey::generate()?);
        if keep_previous {
            self.previous.insert(0, retired);
            self.previous.truncate(PREVIOUS_KEYS_MAX);
        } else {
            self.previous.clear();
        }
        Ok(())
    }

    pub(crate) fn current_kid(&self) -> &str {
        &self.current.kid
    }

    /// The public halves, in the order a client would try them.
    pub(crate) fn published(&self) -> Vec<Jwk> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .chain(std::iter::once(&self.rsa))
            .map(|key| key.jwk.clone())
            .collect()
    }

    pub(super) fn for_algorithm(&self, algorithm: Algorithm) -> Option<&SigningKey> {
        [&self.current, &self.rsa].into_iter().find(|key| key.algorithm == algorithm)
    }
}

impl SigningKey {
    pub(super) fn generate() -> anyhow::Result<Self> {
        let secret = draw_secret()?;
        let der = secret.to_pkcs8_der().context("an ES256 key must be writable as PKCS#8")?;
        let public_pem =
            secret.public_key().to_public_key_pem(LineEnding::LF).context("a public key as PEM")?;
        let private = EncodingKey::from_ec_der(der.as_bytes());
        Self::new(khalti_identifier(), Algorithm::ES256, private, public_pem)
    }

    fn development_rsa() -> anyhow::Result<Self> {
        let private = EncodingKey::from_rsa_pem(DEVELOPMENT_RSA_KEY).context("the development RSA key")?;
        Self::new(RSA_KID.to_owned(), Algorithm::RS256, private, String::new())
    }

    fn new(
        kid: String,
        algorithm: Algorithm,
        private: EncodingKey,
        public_pem: String,
    ) -> anyhow::Result<Self> {
        let mut jwk =
            Jwk::from_encoding_key(&private, algorithm).context("the public half of a signing key")?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, algorithm, private, public_pem, jwk })
    }
}

/// Random bytes are a valid scalar all but once in four billion draws.
fn draw_secret() -> anyhow::Result<SecretKey> {
    for _ in 0..KEY_DRAWS_MAX {
        let mut bytes = [0_u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        if let Ok(secret) = SecretKey::from_slice(&bytes) {
            return Ok(secret);
        }
    }
    anyhow::bail!("no valid key in {KEY_DRAWS_MAX} draws")
}
