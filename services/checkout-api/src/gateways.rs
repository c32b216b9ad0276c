//! The gateways that the settings turn on.

use std::sync::Arc;

use domain::payments::gateway::Gateway;
use gateways::{
    HttpClient,
    esewa::{Esewa, EsewaSettings},
    khalti::{Khalti, KhaltiSettings},
};
use service_kit::settings::Settings;

use crate::metrics::{Metrics, Observed};

pub(crate) fn configured(settings: &Settings, metrics: &Metrics) -> anyhow::Result<Vec<Arc<dyn Gateway>>> {
    let on = settings.gateways()?;
    let http = HttpClient::new(on.timeout)?;
    let callback_public_url = Some(settings.callback_public_url()?);
    let mut gateways: Vec<Arc<dyn Gateway>> = Vec::new();
    if let Some(esewa) = on.esewa {
        let esewa = EsewaSettings {
            product_code: esewa.product_code,
            secret_key: esewa.secret_key,
            previous_secret_key: esewa.previous_secret_key,
            form_url: esewa.form_url,
            status_url: esewa.status_url,
            callback_public_url: callback_public_url.clone(),
        };
        gateways.push(Arc::new(Observed::new(Esewa::new(esewa, http.clone())?, metrics)));
    }
    if let Some(khalti) = on.khalti {
        let khalti = KhaltiSettings {
            secret_key: khalti.secret_key,
            base_url: khalti.base_url,
            refund_url: khalti.refund_url,
            website_url: Some(settings.require_storefront_url()?),
            callback_public_url,
        };
        gateways.push(Arc::new(Observed::new(Khalti::new(khalti, http)?, metrics)));
    }
    Ok(gateways)
}
