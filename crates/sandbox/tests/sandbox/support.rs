use std::{collections::HashMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use reqwest::{Client, Response, redirect::Policy};
use sandbox::{Sandbox, SandboxSettings};
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

pub(crate) const ESEWA_KEY: &str = "8gBm/:&EnhH.1/q";
pub(crate) const KHALTI_KEY: &str = "Key sandbox-khalti-secret-key";
const REQUEST_SECONDS_MAX: u64 = 10;

/// A sandbox of the test's own, and a client that does not follow redirects.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
}

pub(crate) async fn world() -> World {
    world_with(SandboxSettings::default()).await
}

pub(crate) async fn world_with(settings: SandboxSettings) -> World {
    // Only the first of many tests in this process installs it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = Client::builder()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(REQUEST_SECONDS_MAX))
        .build()
        .unwrap();
    World { sandbox: Sandbox::start(settings).await.unwrap(), client }
}

impl World {
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.url())
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(self.at(path)).send().await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Response {
        self.client.put(self.at(path)).json(&body).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.client.post(self.at(path)).json(&body).send().await.unwrap()
    }

    /// Sets modes of one payment by name.
    pub(crate) async fn set_modes(&self, provider: &str, key: &str, modes: &[&str]) {
        self.set_modes_with(provider, key, json!({ "modes": modes })).await;
    }

    pub(crate) async fn set_modes_with(&self, provider: &str, key: &str, modes: Value) {
        let answer = self.put(&format!("/control/payments/{provider}/{key}/modes"), modes).await;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    pub(crate) async fn payment(&self, provider: &str, key: &str) -> Value {
        let answer = self.get(&format!("/control/payments/{provider}/{key}")).await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// Plays an action and returns where the browser goes.
    pub(crate) async fn act(&self, provider: &str, key: &str, action: &str) -> Vec<String> {
        let answer = self.post(&format!("/control/payments/{provider}/{key}/{action}"), json!({})).await;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        let body: Value = answer.json().await.unwrap();
        body["redirects"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn submit(&self, form: &HashMap<String, String>) -> Response {
        self.client.post(self.at("/esewa/api/epay/main/v2/form")).form(form).send().await.unwrap()
    }

    pub(crate) async fn open_esewa(&self, uuid: &str, amount: &str) {
        let answer = self.submit(&esewa_form(uuid, amount)).await;
        assert_eq!(answer.status(), 302, "{}", answer.text().await.unwrap());
    }

    /// The status API's whole answer.
    pub(crate) async fn ask_esewa(&self, uuid: &str, amount: &str) -> Response {
        let query = [("product_code", "EPAYTEST"), ("total_amount", amount), ("transaction_uuid", uuid)];
        self.client.get(self.at("/esewa/api/epay/transaction/status/")).query(&query).send().await.unwrap()
    }

    /// The status API's body, for an amount of Rs. 100.
    pub(crate) async fn esewa_status(&self, uuid: &str) -> Value {
        let answer = self.ask_esewa(uuid, "100").await;
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    pub(crate) async fn khalti(&self, path: &str, body: Value) -> Response {
        let call = self.client.post(self.at(path)).header("Authorization", KHALTI_KEY).json(&body);
        call.send().await.unwrap()
    }

    /// Opens a Khalti payment of Rs. 100 and returns its pidx.
    pub(crate) async fn open_khalti(&self, order: &str) -> String {
        let answer = self.khalti("/khalti/api/v2/epayment/initiate/", initiation(order)).await;
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        body["pidx"].as_str().unwrap().to_owned()
    }

    /// Khalti's answer about a payment: its HTTP code and body.
    pub(crate) async fn lookup(&self, pidx: &str) -> (u16, Value) {
        let answer = self.khalti("/khalti/api/v2/epayment/lookup/", json!({ "pidx": pidx })).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

/// A well-signed form for this amount, with the four parts that add up to it.
pub(crate) fn esewa_form(uuid: &str, total_amount: &str) -> HashMap<String, String> {
    let mut form: HashMap<String, String> = [
        ("amount", total_amount),
        ("tax_amount", "0"),
        ("product_service_charge", "0"),
        ("product_delivery_charge", "0"),
        ("total_amount", total_amount),
        ("transaction_uuid", uuid),
        ("product_code", "EPAYTEST"),
        ("success_url", "https://shop.example/esewa/success"),
        ("failure_url", "https://shop.example/esewa/failure"),
        ("signed_field_names", "total_amount,transaction_uuid,product_code"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    sign_form(&mut form);
    form
}

pub(crate) fn sign_form(form: &mut HashMap<String, String>) {
    let message = format!(
        "total_amount={},transaction_uuid={},product_code={}",
        form["total_amount"], form["transaction_uuid"], form["product_code"]
    );
    form.insert("signature".to_owned(), signature(&message));
}

pub(crate) fn signature(message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(ESEWA_KEY.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(crate) fn initiation(order: &str) -> Value {
    json!({
        "return_url": "https://shop.example/khalti/return",
        "website_url": "https://shop.example",
        "amount": 10_000,
        "purchase_order_id": order,
        "purchase_order_name": "Two books",
    })
}

/// The decoded `data` of a success return.
pub(crate) fn payload(redirect: &str) -> Value {
    let (_, data) = redirect.split_once("?data=").unwrap();
    serde_json::from_slice(&STANDARD.decode(data).unwrap()).unwrap()
}

/// The text that the payload's own field list says was signed, with `amount` as its literal.
pub(crate) fn signed_message(payload: &Value, amount: &str) -> String {
    let names = payload["signed_field_names"].as_str().unwrap();
    let value = |name: &str| match name {
        "total_amount" => amount.to_owned(),
        _ => payload[name].as_str().unwrap().to_owned(),
    };
    names.split(',').map(|name| format!("{name}={}", value(name))).collect::<Vec<_>>().join(",")
}

pub(crate) fn parameters(redirect: &str) -> HashMap<String, String> {
    Url::parse(redirect).unwrap().query_pairs().into_owned().collect()
}
