//! The gateways that the settings turn on.

use std::sync::Arc;

use domain::payments::gateway::Gateway;
use service_kit::settings;
use url::Url;

use crate::{
    HttpClient, HttpClientError, SettingsError,
    esewa::{Esewa, EsewaSettings},
    khalti::{Khalti, KhaltiSettings},
    measured::Measured,
};

/// What only the service that starts payments knows; services that ask leave it out.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// payment-callback as browsers reach it, without a trailing slash.
    pub callback_public_url: Option<String>,
    /// The shop's own address.
    pub storefront_url: Option<Url>,
}

/// Why a gateway cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    HttpClient(#[from] HttpClientError),
}

/// The gateways that are on.
#[derive(Debug, Clone)]
pub struct Configured {
    esewa: Option<Esewa>,
    khalti: Option<Khalti>,
}

impl Configured {
    /// Makes a client for each gateway that has settings.
    ///
    /// # Errors
    /// A setting that cannot be used, named.
    pub fn new(settings: settings::GatewaySettings, addresses: Addresses) -> Result<Self, ConfigureError> {
        let http = HttpClient::new(settings.timeout)?;
        let Addresses { callback_public_url, storefront_url } = addresses;
        let esewa = settings.esewa.map(|esewa| {
            let settings = EsewaSettings {
                product_code: esewa.product_code,
                secret_key: esewa.secret_key,
                previous_secret_key: esewa.previous_secret_key,
                form_url: esewa.form_url,
                status_url: esewa.status_url,
                callback_public_url: callback_public_url.clone(),
            };
            Esewa::new(settings, http.clone())
        });
        let khalti = settings.khalti.map(|khalti| {
            let settings = KhaltiSettings {
                secret_key: khalti.secret_key,
                base_url: khalti.base_url,
                refund_url: khalti.refund_url,
                website_url: storefront_url,
                callback_public_url,
            };
            Khalti::new(settings, http)
        });
        Ok(Self { esewa: esewa.transpose()?, khalti: khalti.transpose()? })
    }

    /// Each gateway, its calls measured.
    pub fn gateways(&self) -> Vec<Arc<dyn Gateway>> {
        let esewa = self.esewa.clone().map(|esewa| -> Arc<dyn Gateway> { Arc::new(Measured::new(esewa)) });
        let khalti =
            self.khalti.clone().map(|khalti| -> Arc<dyn Gateway> { Arc::new(Measured::new(khalti)) });
        esewa.into_iter().chain(khalti).collect()
    }

    /// eSewa, to check the signature of what comes back.
    pub fn esewa(&self) -> Option<&Esewa> {
        self.esewa.as_ref()
    }
}
