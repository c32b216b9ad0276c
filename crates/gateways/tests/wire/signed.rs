//! Signs as eSewa does, written apart from the crate under test: a shared mistake would hide itself.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

pub(crate) const SANDBOX_KEY: &str = "8gBm/:&EnhH.1/q";
pub(crate) const ALL_FIELDS: &str =
    "transaction_code,status,total_amount,transaction_uuid,product_code,signed_field_names";

pub(crate) fn signature(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The fields of a genuine return, to be edited, signed and encoded by a test.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) transaction_code: String,
    pub(crate) status: String,
    /// As it is signed.
    pub(crate) total_amount: String,
    /// As it stands in the JSON, quotes included where it is a string.
    pub(crate) total_amount_json: String,
    pub(crate) transaction_uuid: String,
    pub(crate) product_code: String,
    pub(crate) signed_field_names: String,
}

impl Draft {
    pub(crate) fn new(transaction_uuid: &str, total_amount: &str) -> Self {
        Self {
            transaction_code: "000AWEO".to_owned(),
            status: "COMPLETE".to_owned(),
            total_amount: total_amount.to_owned(),
            total_amount_json: format!("\"{total_amount}\""),
            transaction_uuid: transaction_uuid.to_owned(),
            product_code: "EPAYTEST".to_owned(),
            signed_field_names: ALL_FIELDS.to_owned(),
        }
    }

    pub(crate) fn json(&self, key: &str) -> String {
        let pairs: Vec<_> = self.signed_field_names.split(',').map(|name| self.pair(name)).collect();
        let mut fields = vec![format!("\"total_amount\":{}", self.total_amount_json)];
        let texts = [
            ("transaction_code", &self.transaction_code),
            ("status", &self.status),
            ("transaction_uuid", &self.transaction_uuid),
            ("product_code", &self.product_code),
            ("signed_field_names", &self.signed_field_names),
            ("signature", &signature(key, &pairs.join(","))),
        ];
        fields.extend(texts.map(|(name, value)| format!("\"{name}\":{}", Value::from(value.as_str()))));
        format!("{{{}}}", fields.join(","))
    }

    pub(crate) fn data(&self, key: &str) -> String {
        STANDARD.encode(self.json(key))
    }

    fn pair(&self, name: &str) -> String {
        let value = match name {
            "transaction_code" => &self.transaction_code,
            "status" => &self.status,
            "total_amount" => &self.total_amount,
            "transaction_uuid" => &self.transaction_uuid,
            "product_code" => &self.product_code,
            "signed_field_names" => &self.signed_field_names,
            other => panic!("no field {other}"),
        };
        format!("{name}={value}")
    }
}
