//! The form with which the shopper's browser opens eSewa's payment page.

use domain::{
    money::rupees_from_paisa,
    payments::gateway::{Provider, StartPayment, StartPaymentError},
};

use super::signature::{Keys, message};
use crate::settings::callback_url;

const SIGNED_FIELD_NAMES: &str = "total_amount,transaction_uuid,product_code";

/// What of the form is the merchant's, the same for every payment.
pub(super) struct Merchant<'a> {
    pub(super) product_code: &'a str,
    pub(super) keys: &'a Keys,
    pub(super) callback_public_url: Option<&'a str>,
}

/// eSewa allows letters, digits and hyphens in `transaction_uuid`; an underscore is not among them.
pub(super) fn transaction_uuid(payment_intent_id: &str) -> String {
    payment_intent_id.replace('_', "-")
}

/// The eleven fields in the order eSewa documents; none may be empty, what is not used is `0`.
pub(super) fn fields(
    merchant: &Merchant<'_>,
    payment: &StartPayment,
) -> Result<Vec<(String, String)>, StartPaymentError> {
    let goods_minor = goods_minor(payment)?;
    // One spelling, signed and posted: eSewa hashes the text, not the number.
    let total_amount = rupees_from_paisa(payment.amount_minor);
    let uuid = transaction_uuid(&payment.payment_intent_id);
    let signature = merchant.keys.sign(&message([
        ("total_amount", total_amount.as_str()),
        ("transaction_uuid", &uuid),
        ("product_code", merchant.product_code),
    ]));
    let success_url =
        callback_url(merchant.callback_public_url, Provider::Esewa, &payment.payment_intent_id)?;
    let failure_url = format!("{success_url}/failure");
    let fields = [
        ("amount", rupees_from_paisa(goods_minor)),
        ("tax_amount", rupees_from_paisa(payment.tax_minor)),
        ("product_service_charge", rupees_from_paisa(0)),
        ("product_delivery_charge", rupees_from_paisa(payment.shipping_minor)),
        ("total_amount", total_amount),
        ("transaction_uuid", uuid),
        ("product_code", merchant.product_code.to_owned()),
        ("success_url", success_url),
        ("failure_url", failure_url),
        ("signed_field_names", SIGNED_FIELD_NAMES.to_owned()),
        ("signature", signature),
    ];
    Ok(fields.map(|(name, value)| (name.to_owned(), value)).into())
}

/// The price before additions, where the parts make up the whole: eSewa refuses a form whose sum is not the total.
fn goods_minor(payment: &StartPayment) -> Result<i64, StartPaymentError> {
    let refused = |reason: &str| StartPaymentError::Refused { reason: reason.to_owned() };
    if payment.amount_minor < Provider::Esewa.amount_minor_min() {
        return Err(refused("the amount is below eSewa's minimum"));
    }
    let goods_minor = payment.subtotal_minor.checked_sub(payment.discount_minor);
    let parts = [goods_minor, Some(payment.tax_minor), Some(payment.shipping_minor)];
    let sum = parts.iter().try_fold(0_i64, |sum, part| sum.checked_add((*part)?));
    let none_negative = parts.iter().flatten().all(|part| *part >= 0);
    match goods_minor {
        Some(goods_minor) if none_negative && sum == Some(payment.amount_minor) => Ok(goods_minor),
        _ => Err(refused("the parts of the amount do not add up to it")),
    }
}
