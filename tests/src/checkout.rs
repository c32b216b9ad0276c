#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use anyhow::Context;
use reqwest::StatusCode;
use serde_json::Value;

use crate::answer::Answer;

/// A gateway, as the API spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    Esewa,
    Khalti,
}

impl Provider {
    /// Both gateways.
    pub const ALL: [Self; 2] = [Self::Esewa, Self::Khalti];

    /// The word used in requests, URLs and rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Esewa => "esewa",
            Self::Khalti => "khalti",
        }
    }
}

/// An intent that was made, and how to pay for it.
#[derive(Debug, Clone)]
pub struct Checkout {
    pub payment_intent_id: String,
    pub provider: Provider,
    pub amount_minor: i64,
    /// What the gateway calls this payment: eSewa's `transaction_uuid`, Khalti's `pidx`.
    pub gateway_reference: String,
    /// `payment` of the answer: method, URL and fields for the browser.
    pub payment: Value,
}

impl Checkout {
    /// Reads the answer to a request for an intent.
    ///
    /// # Errors
    /// Where it is no `201`, or lacks what a browser needs.
    pub fn from_answer(provider: Provider, answer: Answer) -> anyhow::Result<Self> {
        Self::from_intent(provider, &answer.expect(StatusCode::CREATED)?.json())
    }

    /// Reads an intent as checkout-api answers it.
    ///
    /// # Errors
    /// Where it lacks what a browser needs.
    pub fn from_intent(provider: Provider, made: &Value) -> anyhow::Result<Self> {
        let payment_intent_id =
            made["payment_intent_id"].as_str().context("no payment_intent_id")?.to_owned();
        let payment = made["payment"].clone();
        let gateway_reference = match provider {
            Provider::Esewa => payment["fields"]["transaction_uuid"].as_str().map(str::to_owned),
            Provider::Khalti => {
                payment["url"].as_str().and_then(|url| Some(url.split_once("pidx=")?.1.to_owned()))
            }
        };
        Ok(Self {
            payment_intent_id,
            provider,
            amount_minor: made["amount_minor"].as_i64().context("no amount_minor")?,
            gateway_reference: gateway_reference.context("the payment names no gateway reference")?,
            payment,
        })
    }
}
