//! What eSewa's success redirect brings back: `data`, base64 of a signed JSON object.
//!
//! The signature proves who wrote it, not that it is fresh: the same `data` can be shown again and again, and to
//! other intents. So it is bound to our reference and our amount here, and starts a question there.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use domain::money::paisa_from_rupees;
use url::form_urlencoded;

use super::signature::{Keys, message};
use crate::{evidence::phrase, literals::Literals};

/// A genuine `data` is below 1 KiB.
pub const DATA_BYTES_MAX: usize = 8 * 1024;

/// A signature over fewer fields could be carried from one payment to another.
const SIGNED_AT_LEAST: [&str; 5] =
    ["transaction_uuid", "total_amount", "product_code", "status", "transaction_code"];

/// Why a return proves nothing. Each is the caller's `callback_invalid`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReturnError {
    #[error("`data` is empty")]
    Empty,
    #[error("`data` is longer than {DATA_BYTES_MAX} bytes")]
    TooLong,
    #[error("`data` is not base64")]
    NotBase64,
    #[error("`data` does not hold a JSON object")]
    NotAnObject,
    #[error("`{field}` is missing or is neither text nor number")]
    Missing { field: String },
    #[error("the signature does not cover `{field}`")]
    NotCovered { field: &'static str },
    #[error("the signature is wrong")]
    WrongSignature,
    #[error("the payment was made to another merchant")]
    OtherMerchant,
    #[error("the payment belongs to another reference")]
    OtherPayment,
    #[error("`{literal}` is not an amount")]
    NotAnAmount { literal: String },
    #[error("the amount is {returned_minor} paisa where {expected_minor} are due")]
    OtherAmount { returned_minor: i64, expected_minor: i64 },
}

/// A return as it was read, still to be verified.
#[derive(Debug, Clone)]
pub struct Return(Literals);

/// What our own tables say the return must be about.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub gateway_reference: &'a str,
    pub amount_minor: i64,
}

/// A return that eSewa signed, for this merchant, this reference and this amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReturn {
    /// eSewa's transaction; the status check calls it `ref_id`.
    pub transaction_code: String,
    /// `COMPLETE` is the only word eSewa documents here. Whatever it is, it only starts a question.
    pub status: String,
    pub amount_minor: i64,
}

impl Return {
    /// Finds and reads `data` in a raw query string; `None` where there is no such parameter, as on the failure
    /// redirect.
    ///
    /// eSewa appends `?data=…` even to a URL that has a query, so every `?` separates parameters as `&` does.
    /// Of several, the last is taken: it is the one that was appended.
    pub fn from_query(raw_query: &str) -> Result<Option<Self>, ReturnError> {
        let repaired = raw_query.replace('?', "&");
        let data = form_urlencoded::parse(repaired.as_bytes()).filter(|(name, _)| name == "data").last();
        data.map(|(_, data)| Self::from_data(&data)).transpose()
    }

    /// Reads the value of `data`, forgiving what transport does to base64: blanks around it, spaces where `+`
    /// was, the URL-safe alphabet, missing padding.
    pub fn from_data(data: &str) -> Result<Self, ReturnError> {
        if data.len() > DATA_BYTES_MAX {
            return Err(ReturnError::TooLong);
        }
        let standard = data.trim().trim_end_matches('=').replace([' ', '-'], "+").replace('_', "/");
        if standard.is_empty() {
            return Err(ReturnError::Empty);
        }
        let json = STANDARD_NO_PAD.decode(standard).or(Err(ReturnError::NotBase64))?;
        Literals::parse(&json).map(Self).or(Err(ReturnError::NotAnObject))
    }

    /// The reference it claims to be about; to find an intent by, not to believe.
    pub fn transaction_uuid(&self) -> Option<String> {
        self.0.filled("transaction_uuid")
    }

    pub(super) fn verify(
        &self,
        keys: &Keys,
        product_code: &str,
        expected: Expected<'_>,
    ) -> Result<VerifiedReturn, ReturnError> {
        let literal = self.field("total_amount")?;
        // Some returns write `2,700.0` and sign `2700.0`; the signature says which of the two was meant.
        let plain = literal.replace(',', "");
        if !self.signed_with_amount(keys, &literal)? && !self.signed_with_amount(keys, &plain)? {
            return Err(ReturnError::WrongSignature);
        }
        if self.field("product_code")? != product_code {
            return Err(ReturnError::OtherMerchant);
        }
        if self.field("transaction_uuid")? != expected.gateway_reference {
            return Err(ReturnError::OtherPayment);
        }
        let unreadable = ReturnError::NotAnAmount { literal: phrase(&literal) };
        let returned_minor = paisa_from_rupees(&plain).or(Err(unreadable))?;
        if returned_minor != expected.amount_minor {
            return Err(ReturnError::OtherAmount { returned_minor, expected_minor: expected.amount_minor });
        }
        let (transaction_code, status) = (self.field("transaction_code")?, self.field("status")?);
        Ok(VerifiedReturn { transaction_code, status, amount_minor: returned_minor })
    }

    fn signed_with_amount(&self, keys: &Keys, amount: &str) -> Result<bool, ReturnError> {
        let listed = self.field("signed_field_names")?;
        let names: Vec<&str> = listed.split(',').collect();
        if let Some(field) = SIGNED_AT_LEAST.into_iter().find(|field| !names.contains(field)) {
            return Err(ReturnError::NotCovered { field });
        }
        let value =
            |name: &str| if name == "total_amount" { Ok(amount.to_owned()) } else { self.field(name) };
        let values = names.iter().map(|name| value(name)).collect::<Result<Vec<_>, _>>()?;
        let signed = message(names.iter().copied().zip(values.iter().map(String::as_str)));
        Ok(keys.verify(&signed, &self.field("signature")?))
    }

    fn field(&self, name: &str) -> Result<String, ReturnError> {
        self.0.filled(name).ok_or_else(|| ReturnError::Missing { field: phrase(name) })
    }
}
