//! The gateways that the settings turn on. This service asks them and starts no payment.

use std::sync::Arc;

use domain::payments::{Gateways, gateway::Gateway};
use gateways::{
    HttpClient,
    esewa::{Esewa, EsewaSettings},
    khalti::{Khalti, KhaltiSettings},
};
use service_kit::settings::GatewaySettings;

/// All of them to ask, and eSewa once more to check signatures with.
pub(crate) struct Configured {
    pub(crate) gateways: Gateways,
    pub(crate) esewa: Option<Esewa>,
}

pub(crate) fn configured(settings: GatewaySettings) -> anyhow::Result<Configured> {
    let http = HttpClient::new(settings.timeout)?;
    let mut gateways: Vec<Arc<dyn Gateway>> = Vec::new();
    let esewa = settings.esewa.map(|esewa| {
        let esewa = EsewaSettings {
            product_code: esewa.product_code,
            secret_key: esewa.secret_key,
            previous_secret_key: esewa.previous_secret_key,
            form_url: esewa.form_url,
            status_url: esewa.status_url,
            callback_public_url: None,
        };
        Esewa::new(esewa, http.clone())
    });
    let esewa = esewa.transpose()?;
    if let Some(esewa) = &esewa {
        gateways.push(Arc::new(esewa.clone()));
    }
    if let Some(khalti) = settings.khalti {
        let khalti = KhaltiSettings {
            secret_key: khalti.secret_key,
            base_url: khalti.base_url,
            refund_url: khalti.refund_url,
            website_url: None,
            callback_public_url: None,
        };
        gateways.push(Arc::new(Khalti::new(khalti, http)?));
    }
    Ok(Configured { gateways: Gateways::new(gateways), esewa })
}
