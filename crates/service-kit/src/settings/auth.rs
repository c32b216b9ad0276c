use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{AppEnv, Settings, SettingsError};

/// RFC 7518 section 3.2: an HS256 key is at least as long as the hash.
const JWT_SECRET_BYTES_MIN: usize = 32;

/// What a bearer token is checked against.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    pub keys: TokenKeys,
    /// The `iss` a token must carry.
    pub issuer: String,
    /// The `aud` a token must carry.
    pub audience: String,
}

/// Where verification keys come from; it also decides the algorithm, never the token.
#[derive(Debug, Clone)]
pub enum TokenKeys {
    /// HS256.
    SharedSecret(SecretString),
    /// RS256 and ES256, by key id.
    Jwks(Url),
}

/// How the console admits people.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// How operators' tokens are checked; `None` admits by grants alone.
    pub tokens: Option<AuthSettings>,
    /// Whether grants made by the console's own command open a session.
    pub grants_accepted: bool,
    /// Where operators get a token; linked from the sign-in page.
    pub sign_in_url: Option<Url>,
}

impl Settings {
    /// How shoppers' tokens are checked.
    ///
    /// # Errors
    /// Neither or both of `AUTH__JWT_SECRET` and `AUTH__JWKS_URL`, a short secret, no issuer or audience, or an
    /// audience that operators use too.
    pub fn auth(&self) -> Result<AuthSettings, SettingsError> {
        let audience = self.values.text("auth.audience");
        if audience.is_some() && audience == self.values.text("admin.audience") {
            let problem = "must differ from AUTH__AUDIENCE, or shoppers' tokens would open the console";
            return Err(SettingsError::invalid("admin.audience", problem));
        }
        Ok(AuthSettings {
            keys: self.token_keys()?,
            issuer: self.values.required("auth.issuer")?.to_owned(),
            audience: self.values.required("auth.audience")?.to_owned(),
        })
    }

    /// How operators' tokens are checked: the same keys and issuer, an audience of their own.
    ///
    /// # Errors
    /// As [`Settings::auth`]; and in production a shared secret, which every service that checks shoppers holds and
    /// could use to make itself an operator.
    pub fn admin_auth(&self) -> Result<AuthSettings, SettingsError> {
        let shoppers = self.auth()?;
        let audience = self.values.required("admin.audience")?.to_owned();
        if self.app_env == AppEnv::Production && matches!(shoppers.keys, TokenKeys::SharedSecret(_)) {
            let problem = "is required in production: operators' tokens are not accepted on a shared secret";
            return Err(SettingsError::missing("auth.jwks_url", problem));
        }
        Ok(AuthSettings { audience, ..shoppers })
    }

    /// Who may use the console: holders of tokens for `ADMIN__AUDIENCE`, of grants, or of either.
    ///
    /// # Errors
    /// As [`Settings::admin_auth`] where an audience is set or grants are not accepted; a flag or URL that cannot be
    /// read.
    pub fn admin(&self) -> Result<AdminSettings, SettingsError> {
        let grants_accepted = self.values.flag("admin.grants_accepted")?;
        let tokens = match self.values.text("admin.audience") {
            None if grants_accepted => None,
            None | Some(_) => Some(self.admin_auth()?),
        };
        Ok(AdminSettings { tokens, grants_accepted, sign_in_url: self.values.url("admin.sign_in_url")? })
    }

    fn token_keys(&self) -> Result<TokenKeys, SettingsError> {
        match (self.values.secret("auth.jwt_secret"), self.values.url("auth.jwks_url")?) {
            (Some(_), Some(_)) => Err(SettingsError::invalid(
                "auth.jwks_url",
                "AUTH__JWT_SECRET is set as well; keep one of them",
            )),
            (None, None) => Err(SettingsError::missing("auth.jwt_secret", "or AUTH__JWKS_URL is required")),
            (None, Some(url)) => Ok(TokenKeys::Jwks(url)),
            (Some(secret), None) if secret.expose_secret().len() < JWT_SECRET_BYTES_MIN => {
                let problem = format_args!("must be at least {JWT_SECRET_BYTES_MIN} bytes").to_string();
                Err(SettingsError::invalid("auth.jwt_secret", problem))
            }
            (Some(secret), None) => Ok(TokenKeys::SharedSecret(secret)),
        }
    }
}
