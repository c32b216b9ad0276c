use std::{net::IpAddr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{AppEnv, Settings, SettingsError};

/// eSewa's published test merchant and its key: anybody can sign with them.
const ESEWA_SANDBOX_PRODUCT_CODE: &str = "EPAYTEST";
const ESEWA_SANDBOX_SECRET_KEY: &str = "8gBm/:&EnhH.1/q";

/// Hosts on which payments are free of charge.
const SANDBOX_HOSTS: [&str; 6] = [
    "rc-epay.esewa.com.np",
    "rc.esewa.com.np",
    "uat.esewa.com.np",
    "dev.khalti.com",
    "test-pay.khalti.com",
    "a.khalti.com",
];

/// Milliseconds one gateway call may be given.
const TIMEOUT_MS_MAX: u64 = 120_000;

/// The gateways that are on; at least one.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// Bounds one call, from connect to the last byte.
    pub timeout: Duration,
    pub esewa: Option<EsewaSettings>,
    pub khalti: Option<KhaltiSettings>,
}

#[derive(Debug, Clone)]
pub struct EsewaSettings {
    pub product_code: String,
    pub secret_key: SecretString,
    /// While the key is being changed at eSewa: still verifies what comes back, signs nothing.
    pub previous_secret_key: Option<SecretString>,
    pub form_url: Url,
    pub status_url: Url,
    /// Age of an intent below which `NOT_FOUND` decides nothing.
    pub not_found_grace: Duration,
}

#[derive(Debug, Clone)]
pub struct KhaltiSettings {
    pub secret_key: SecretString,
    /// Ends with a slash.
    pub base_url: Url,
    /// Ends with a slash; `{transaction_id}/refund/` is appended to it.
    pub refund_url: Url,
}

impl GatewaySettings {
    /// The variable of the first address that is no known sandbox: money spent there is real.
    pub fn address_of_real_money(&self) -> Option<&'static str> {
        let esewa = self.esewa.iter().flat_map(|esewa| {
            [("ESEWA__FORM_URL", &esewa.form_url), ("ESEWA__STATUS_URL", &esewa.status_url)]
        });
        let khalti = self.khalti.iter().flat_map(|khalti| {
            [("KHALTI__BASE_URL", &khalti.base_url), ("KHALTI__REFUND_URL", &khalti.refund_url)]
        });
        esewa.chain(khalti).find_map(|(variable, url)| (!is_sandbox(url)).then_some(variable))
    }
}

impl Settings {
    /// The gateways this shop takes money through.
    ///
    /// # Errors
    /// No gateway at all, half of one (naming the missing variable), or in production a sandbox.
    pub fn gateways(&self) -> Result<GatewaySettings, SettingsError> {
        let timeout = self.values.milliseconds("gateway.timeout_ms", 1..=TIMEOUT_MS_MAX)?;
        let gateways = GatewaySettings { timeout, esewa: self.esewa()?, khalti: self.khalti()? };
        if gateways.esewa.is_none() && gateways.khalti.is_none() {
            let problem = "or KHALTI__SECRET_KEY is required: at least one gateway must be on";
            return Err(SettingsError::missing("esewa.product_code", problem));
        }
        Ok(gateways)
    }

    fn esewa(&self) -> Result<Option<EsewaSettings>, SettingsError> {
        let not_found_grace = self.values.seconds("esewa.not_found_grace_seconds")?;
        for key in ["esewa.form_url", "esewa.status_url"] {
            self.refuse_sandbox_host(key)?;
        }
        if self.is_production() {
            self.refuse_published_merchant()?;
        }
        let keys = ["esewa.product_code", "esewa.secret_key", "esewa.form_url", "esewa.status_url"];
        if keys.iter().all(|key| self.values.text(key).is_none()) {
            return Ok(None);
        }
        Ok(Some(EsewaSettings {
            product_code: self.values.required("esewa.product_code")?.to_owned(),
            secret_key: self.values.required_secret("esewa.secret_key")?,
            previous_secret_key: self.values.secret("esewa.previous_secret_key"),
            form_url: self.values.required_url("esewa.form_url")?,
            status_url: self.values.required_url("esewa.status_url")?,
            not_found_grace,
        }))
    }

    fn khalti(&self) -> Result<Option<KhaltiSettings>, SettingsError> {
        for key in ["khalti.base_url", "khalti.refund_url"] {
            self.refuse_sandbox_host(key)?;
        }
        let keys = ["khalti.secret_key", "khalti.base_url", "khalti.refund_url"];
        if keys.iter().all(|key| self.values.text(key).is_none()) {
            return Ok(None);
        }
        let secret_key = self.values.required_secret("khalti.secret_key")?;
        let base_url = with_trailing_slash(self.values.required_url("khalti.base_url")?);
        let refund_url = match self.values.url("khalti.refund_url")? {
            Some(url) => with_trailing_slash(url),
            None => base_url
                .join("../merchant-transaction/")
                .map_err(|error| SettingsError::invalid("khalti.base_url", error))?,
        };
        Ok(Some(KhaltiSettings { secret_key, base_url, refund_url }))
    }

    fn is_production(&self) -> bool {
        self.app_env == AppEnv::Production
    }

    fn refuse_published_merchant(&self) -> Result<(), SettingsError> {
        if self.values.text("esewa.product_code") == Some(ESEWA_SANDBOX_PRODUCT_CODE) {
            return Err(SettingsError::invalid("esewa.product_code", "is eSewa's public test merchant"));
        }
        match self.values.secret("esewa.secret_key") {
            Some(key) if key.expose_secret() == ESEWA_SANDBOX_SECRET_KEY => {
                Err(SettingsError::invalid("esewa.secret_key", "is eSewa's public test key"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Checks that a gateway URL is one, and in production that real money is behind it.
    fn refuse_sandbox_host(&self, key: &str) -> Result<(), SettingsError> {
        match self.values.url(key)? {
            Some(url) if self.is_production() && is_sandbox(&url) => {
                let problem =
                    format!("{} is no place for production payments", url.host_str().unwrap_or_default());
                Err(SettingsError::invalid(key, problem))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn is_sandbox(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost") || SANDBOX_HOSTS.contains(&name)
        }
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

fn with_trailing_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}
