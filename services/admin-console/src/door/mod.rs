//! Who may come in. Every request below `/admin` passes [`admit`]; no page or address can forget to ask.

mod admit;
mod cookies;
mod csrf;
mod grants;
mod origin;
mod session;
mod submitted;
mod work;

pub(crate) use admit::admit;
pub(crate) use cookies::{end_session, leave_notice, start_session};
use domain::{Pool, grants::TOKEN_PREFIX};
use grants::Grants;
pub(crate) use origin::comes_from_another_site;
use service_kit::{
    auth::{Operator, OperatorVerifier},
    http::{Code, Problem},
    settings::AdminSettings,
};
pub(crate) use session::Session;
pub(crate) use submitted::Form;
use url::Url;

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To look; an answer that is a few seconds old does.
    Read,
    /// To change something, or to begin a session; asks the database each time.
    Change,
}

/// Where sessions begin and end.
pub(crate) const SESSION_PATH: &str = "/admin/session";

/// What opens the console.
#[derive(Debug)]
pub(crate) struct Door {
    tokens: Option<OperatorVerifier>,
    grants: Option<Grants>,
    sign_in_url: Option<Url>,
}

impl Door {
    pub(crate) fn new(settings: AdminSettings, pool: Pool) -> anyhow::Result<Self> {
        let tokens = settings.tokens.as_ref().map(OperatorVerifier::new).transpose()?;
        let grants = settings.grants_accepted.then(|| Grants::new(pool));
        Ok(Self { tokens, grants, sign_in_url: settings.sign_in_url })
    }

    /// Whose token this is: an identity provider's or a grant's.
    pub(crate) async fn verify(&self, token: &str, purpose: Purpose) -> Result<Operator, Problem> {
        let refused = |detail| Err(Problem::new(Code::Unauthenticated, detail));
        if token.starts_with(TOKEN_PREFIX) {
            return match &self.grants {
                Some(grants) => grants.verify(token, purpose).await,
                None => refused("This console accepts no grants: ADMIN__GRANTS_ACCEPTED is false."),
            };
        }
        match &self.tokens {
            Some(tokens) => tokens.verify(token).await,
            None => refused("This console takes grants only: make one with `admin-console grant`."),
        }
    }

    /// Where operators get a token and come back from to `next`.
    pub(crate) fn sign_in_url(&self, next: &str) -> Option<Url> {
        let mut url = self.sign_in_url.clone()?;
        url.query_pairs_mut().append_pair("next", next);
        Some(url)
    }
}
