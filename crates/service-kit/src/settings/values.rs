//! Typed reading of single settings. Every error names its variable.

use std::{fmt, ops::RangeInclusive, str::FromStr, time::Duration};

use secrecy::SecretString;
use url::Url;

use super::{SettingsError, layers::Flat};

/// Ten years: longer spans are typing errors, and this one still fits every type it is converted to.
const SECONDS_MAX: f64 = 315_360_000.0;

/// Settings as text, each under its `section.key`; the texts may be secrets and are never printed.
#[derive(Clone)]
pub(crate) struct Values(pub(crate) Flat);

impl fmt::Debug for Values {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Values").finish_non_exhaustive()
    }
}

impl Values {
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    pub(crate) fn required(&self, key: &str) -> Result<&str, SettingsError> {
        self.text(key).ok_or_else(|| SettingsError::missing(key, "is required"))
    }

    /// Secrets keep their white space: it may belong to them.
    pub(crate) fn secret(&self, key: &str) -> Option<SecretString> {
        self.0.get(key).filter(|text| !text.is_empty()).map(|text| SecretString::from(text.clone()))
    }

    pub(crate) fn required_secret(&self, key: &str) -> Result<SecretString, SettingsError> {
        self.secret(key).ok_or_else(|| SettingsError::missing(key, "is required"))
    }

    pub(crate) fn number<N>(&self, key: &str, bounds: RangeInclusive<N>) -> Result<N, SettingsError>
    where
        N: FromStr + PartialOrd + fmt::Display,
    {
        let text = self.required(key)?;
        let number = text.parse::<N>().map_err(|_not_a_number| {
            SettingsError::invalid(key, format_args!("`{text}` is not a whole number"))
        })?;
        if bounds.contains(&number) {
            return Ok(number);
        }
        Err(SettingsError::invalid(key, format_args!("must be from {} to {}", bounds.start(), bounds.end())))
    }

    pub(crate) fn flag(&self, key: &str) -> Result<bool, SettingsError> {
        match self.required(key)? {
            "true" => Ok(true),
            "false" => Ok(false),
            text => Err(SettingsError::invalid(key, format_args!("`{text}` is neither `true` nor `false`"))),
        }
    }

    pub(crate) fn milliseconds(
        &self,
        key: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Duration, SettingsError> {
        self.number(key, bounds).map(Duration::from_millis)
    }

    /// A positive span in seconds, decimals allowed.
    pub(crate) fn seconds(&self, key: &str) -> Result<Duration, SettingsError> {
        parse_seconds(key, self.required(key)?)
    }

    pub(crate) fn list(&self, key: &str) -> Vec<&str> {
        let text = self.text(key).unwrap_or_default();
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
    }

    pub(crate) fn url(&self, key: &str) -> Result<Option<Url>, SettingsError> {
        self.text(key).map(|text| parse_url(key, text)).transpose()
    }

    pub(crate) fn required_url(&self, key: &str) -> Result<Url, SettingsError> {
        parse_url(key, self.required(key)?)
    }
}

pub(crate) fn parse_seconds(key: &str, text: &str) -> Result<Duration, SettingsError> {
    let seconds = text.parse::<f64>().map_err(|_not_a_number| {
        SettingsError::invalid(key, format_args!("`{text}` is not a number of seconds"))
    })?;
    if seconds.is_finite() && seconds > 0.0 && seconds <= SECONDS_MAX {
        return Duration::try_from_secs_f64(seconds).map_err(|error| SettingsError::invalid(key, error));
    }
    Err(SettingsError::invalid(key, format_args!("must be above 0 and at most {SECONDS_MAX} seconds")))
}

fn parse_url(key: &str, text: &str) -> Result<Url, SettingsError> {
    let url = Url::parse(text)
        .map_err(|error| SettingsError::invalid(key, format_args!("is not a URL: {error}")))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        return Ok(url);
    }
    Err(SettingsError::invalid(key, "must be an http:// or https:// URL"))
}
