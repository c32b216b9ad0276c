//! Payments that wait for their shopper, made as checkout makes them.

use std::{sync::Arc, time::Duration};

use domain::{
    cart,
    checkout::{Checkout, CreateIntent, ShippingAddress, StartedIntent, Terms, create_intent},
    payments::gateway::{Gateway, Provider, Redirection},
    queue::Waker,
};
use gateways::{
    HttpClient,
    esewa::{Esewa, EsewaSettings},
    khalti::{Khalti, KhaltiSettings},
};
use serde_json::{Value, json};
use test_support::TestDatabase;
use url::Url;

pub(crate) const AMOUNT_MINOR: i64 = 125_050;
const VARIANT_ID: &str = "tea-500g";
const CATALOGUE: &str = "
    INSERT INTO vendor_profiles (vendor_id, display_name) VALUES ('ilam', 'Ilam Tea Garden');
    INSERT INTO products (product_id, vendor_id, name) VALUES ('tea', 'ilam', 'Tea');
    INSERT INTO product_variants (variant_id, product_id, sku, unit_price_minor)
        VALUES ('tea-500g', 'tea', 'TEA-500', 125050);
    INSERT INTO inventory (variant_id, available) VALUES ('tea-500g', 1000);";

/// A payment that its gateway waits for.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) provider: Provider,
    /// The handle at the gateway.
    pub(crate) reference: String,
}

/// checkout, as far as these tests need it.
pub(crate) struct Shop {
    checkout: Checkout,
    client: reqwest::Client,
}

impl Shop {
    pub(crate) async fn open(database: &TestDatabase, sandbox_url: &str, callback_url: &str) -> Self {
        database.client().await.batch_execute(CATALOGUE).await.unwrap();
        let http = HttpClient::new(Duration::from_secs(10)).unwrap();
        let at = |path: &str| Url::parse(&format!("{sandbox_url}{path}")).unwrap();
        let esewa = EsewaSettings {
            product_code: "EPAYTEST".to_owned(),
            secret_key: "8gBm/:&EnhH.1/q".into(),
            previous_secret_key: None,
            form_url: at("/esewa/api/epay/main/v2/form"),
            status_url: at("/esewa/api/epay/transaction/status/"),
            callback_public_url: Some(callback_url.to_owned()),
        };
        let khalti = KhaltiSettings {
            secret_key: "sandbox-khalti-secret-key".into(),
            base_url: at("/khalti/api/v2/"),
            refund_url: at("/khalti/api/merchant-transaction/"),
            website_url: Some(Url::parse("https://shop.example").unwrap()),
            callback_public_url: Some(callback_url.to_owned()),
        };
        let gateways: Vec<Arc<dyn Gateway>> = vec![
            Arc::new(Esewa::new(esewa, http.clone()).unwrap()),
            Arc::new(Khalti::new(khalti, http).unwrap()),
        ];
        let terms = Terms {
            intent_ttl: Duration::from_secs(1800),
            gateway_timeout: Duration::from_secs(10),
            first_question_after: Duration::from_secs(60),
            job_attempts_max: 20,
        };
        let pool = database.pool_as("checkout_api");
        let checkout = Checkout { pool, waker: Waker::default(), gateways, terms, write_answer };
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { checkout, client }
    }

    /// A new shopper puts one thing into the cart, checks out, and is on the gateway's page.
    pub(crate) async fn intent(&self, provider: Provider) -> Intent {
        let user_id = uuid::Uuid::new_v4().to_string();
        let mut connection = self.checkout.pool.connection().await.unwrap();
        let cart = cart::put_line(&mut connection, &user_id, VARIANT_ID, 1).await.unwrap();
        drop(connection);
        let command = CreateIntent {
            user_id,
            idempotency_key: "once".to_owned(),
            provider,
            cart_version: cart.version,
            shipping_address: address(),
        };
        let answer: Value =
            serde_json::from_slice(&create_intent(&self.checkout, command).await.unwrap()).unwrap();
        let id = answer["id"].as_str().unwrap().to_owned();
        let url = answer["url"].as_str().unwrap();
        let reference = match provider {
            Provider::Esewa => {
                let form: Vec<(String, String)> = serde_json::from_value(answer["fields"].clone()).unwrap();
                assert_eq!(self.client.post(url).form(&form).send().await.unwrap().status(), 302);
                id.replace('_', "-")
            }
            Provider::Khalti => {
                let url = Url::parse(url).unwrap();
                let (_, pidx) = url.query_pairs().find(|(name, _)| name == "pidx").unwrap();
                pidx.into_owned()
            }
        };
        Intent { id, provider, reference }
    }
}

fn write_answer(started: &StartedIntent) -> Result<Vec<u8>, serde_json::Error> {
    let (url, fields) = match &started.redirection {
        Redirection::Form { url, fields } => (url, json!(fields)),
        Redirection::Link { url } => (url, Value::Null),
    };
    serde_json::to_vec(&json!({ "id": started.payment_intent_id, "url": url, "fields": fields }))
}

fn address() -> ShippingAddress {
    ShippingAddress {
        full_name: "Sita Rai".to_owned(),
        phone: "9800000000".to_owned(),
        line1: "Ward 4".to_owned(),
        line2: None,
        city: "Pokhara".to_owned(),
        province: "Gandaki".to_owned(),
        country: "Nepal".to_owned(),
    }
}
