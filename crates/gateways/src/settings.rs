//! Checks on settings that only this crate can make, each naming the variable at fault.

use domain::payments::gateway::Provider;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// A setting that no call could be made with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct SettingsError {
    /// The environment's name of the setting.
    pub variable: &'static str,
    pub problem: &'static str,
}

/// An absolute http or https URL without credentials or fragment; plain http is how a sandbox is reached.
pub(crate) fn http_url(variable: &'static str, text: &str) -> Result<Url, SettingsError> {
    let refused = SettingsError { variable, problem: "must be an absolute http or https URL" };
    let url = Url::parse(text.trim()).or(Err(refused.clone()))?;
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && bare { Ok(url) } else { Err(refused) }
}

/// An address that paths are appended to: as [`http_url`], without a query, ending in a slash.
pub(crate) fn base_url(variable: &'static str, text: &str) -> Result<Url, SettingsError> {
    let mut url = http_url(variable, text)?;
    if url.query().is_some() {
        return Err(SettingsError { variable, problem: "must not have a query string" });
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// A secret with something in it, and no blanks around it that a copy and paste left there.
pub(crate) fn secret<'a>(variable: &'static str, key: &'a SecretString) -> Result<&'a str, SettingsError> {
    let key = key.expose_secret();
    if key.is_empty() || key.trim() != key {
        return Err(SettingsError { variable, problem: "must not be empty or have blanks around it" });
    }
    Ok(key)
}

/// Where the gateway sends the browser back to. The intent's id stands in the path, because a failure redirect
/// carries nothing else, and because both gateways mishandle a query that is already there.
pub(crate) fn callback_url(public_url: &Url, provider: Provider, payment_intent_id: &str) -> String {
    format!("{public_url}payment/callback/{provider}/{payment_intent_id}")
}
