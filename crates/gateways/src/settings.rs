//! Checks on settings that only this crate can make, each naming the variable at fault.

use domain::payments::gateway::{Provider, StartPaymentError};
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

/// An address that paths can be joined to: without the slash its last part would be replaced.
pub(crate) fn with_trailing_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
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
/// carries nothing else, and because neither gateway can be trusted with a query that is already there.
pub(crate) fn callback_url(
    public_url: Option<&str>,
    provider: Provider,
    payment_intent_id: &str,
) -> Result<String, StartPaymentError> {
    let public_url = needed_to_start("CALLBACK__PUBLIC_URL", public_url)?.trim_end_matches('/');
    Ok(format!("{public_url}/payment/callback/{provider}/{payment_intent_id}"))
}

/// A setting that only starting a payment needs, so that services which never do can leave it out.
pub(crate) fn needed_to_start<T>(variable: &str, setting: Option<T>) -> Result<T, StartPaymentError> {
    setting.ok_or_else(|| StartPaymentError::Unavailable { reason: format!("{variable} is not set") })
}
