//! Who may come in. Every request below `/admin` passes [`admit`]; no page or address can forget to ask.

mod admit;
mod cookies;
mod csrf;
mod origin;
mod session;
mod submitted;
mod work;

pub(crate) use admit::admit;
pub(crate) use cookies::{end_session, leave_notice, start_session};
pub(crate) use origin::comes_from_another_site;
use service_kit::{
    auth::{Operator, OperatorVerifier},
    http::{Code, Problem},
    settings::AdminSettings,
};
pub(crate) use session::Session;
pub(crate) use submitted::Form;
use url::Url;

/// Where sessions begin and end.
pub(crate) const SESSION_PATH: &str = "/admin/session";

/// What opens the console.
#[derive(Debug)]
pub(crate) struct Door {
    tokens: Option<OperatorVerifier>,
    sign_in_url: Option<Url>,
}

impl Door {
    pub(crate) fn new(settings: AdminSettings) -> anyhow::Result<Self> {
        let tokens = settings.tokens.as_ref().map(OperatorVerifier::new).transpose()?;
        Ok(Self { tokens, sign_in_url: settings.sign_in_url })
    }

    /// Whose token this is.
    pub(crate) async fn verify(&self, token: &str) -> Result<Operator, Problem> {
        match &self.tokens {
            Some(tokens) => tokens.verify(token).await,
            None => Err(Problem::new(Code::Unauthenticated, "This console takes no tokens of a provider.")),
        }
    }

    /// Where operators get a token and come back from to `next`.
    pub(crate) fn sign_in_url(&self, next: &str) -> Option<Url> {
        let mut url = self.sign_in_url.clone()?;
        url.query_pairs_mut().append_pair("next", next);
        Some(url)
    }
}
