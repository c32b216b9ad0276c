//! The gateways that the settings turn on, each question timed.

use std::{sync::Arc, time::Instant};

use domain::payments::{
    Gateways,
    gateway::{
        Asked, Gateway, Provider, Question, RefundReply, RefundRequest, StartPayment, StartPaymentError,
        StartedPayment,
    },
};
use futures_util::future::{BoxFuture, FutureExt};
use gateways::{
    HttpClient,
    esewa::{Esewa, EsewaSettings},
    khalti::{Khalti, KhaltiSettings},
};
use service_kit::settings::Settings;

use crate::metrics::Metrics;

/// The worker only asks, so what is needed to start a payment is left out.
pub(crate) fn configured(settings: &Settings, metrics: &Metrics) -> anyhow::Result<Gateways> {
    let on = settings.gateways()?;
    let http = HttpClient::new(on.timeout)?;
    let mut gateways: Vec<Arc<dyn Gateway>> = Vec::new();
    if let Some(esewa) = on.esewa {
        let esewa = EsewaSettings {
            product_code: esewa.product_code,
            secret_key: esewa.secret_key,
            previous_secret_key: None,
            form_url: esewa.form_url,
            status_url: esewa.status_url,
            callback_public_url: None,
        };
        gateways.push(Arc::new(Timed::new(Esewa::new(esewa, http.clone())?, metrics)));
    }
    if let Some(khalti) = on.khalti {
        let khalti = KhaltiSettings {
            secret_key: khalti.secret_key,
            base_url: khalti.base_url,
            refund_url: khalti.refund_url,
            website_url: None,
            callback_public_url: None,
        };
        gateways.push(Arc::new(Timed::new(Khalti::new(khalti, http)?, metrics)));
    }
    Ok(Gateways::new(gateways))
}

/// A gateway whose questions are timed and counted.
#[derive(Debug)]
struct Timed<G> {
    gateway: G,
    metrics: Metrics,
}

impl<G: Gateway> Timed<G> {
    fn new(gateway: G, metrics: &Metrics) -> Self {
        Self { gateway, metrics: metrics.clone() }
    }
}

impl<G: Gateway> Gateway for Timed<G> {
    fn provider(&self) -> Provider {
        self.gateway.provider()
    }

    fn reference_in_advance(&self, payment_intent_id: &str) -> Option<String> {
        self.gateway.reference_in_advance(payment_intent_id)
    }

    fn start(&self, payment: StartPayment) -> BoxFuture<'_, Result<StartedPayment, StartPaymentError>> {
        self.gateway.start(payment)
    }

    fn ask(&self, question: Question) -> BoxFuture<'_, Asked> {
        async move {
            let began = Instant::now();
            let asked = self.gateway.ask(question).await;
            self.metrics.asked(self.provider().as_str(), asked.answer.outcome(), began.elapsed());
            asked
        }
        .boxed()
    }

    fn refund(&self, request: RefundRequest) -> BoxFuture<'_, RefundReply> {
        self.gateway.refund(request)
    }
}
