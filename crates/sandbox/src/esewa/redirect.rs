use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::signature::{message, sign};
use crate::{
    amount::{rupee_text, rupee_text_with_commas},
    modes::Mode,
    payment::Payment,
    settings::SandboxSettings,
};

const ALL_FIELDS: &str =
    "transaction_code,status,total_amount,transaction_uuid,product_code,signed_field_names";
const TOO_FEW_FIELDS: &str = "transaction_code,status,signed_field_names";
pub(super) const OTHER_PRODUCT_CODE: &str = "EPAYOTHER";
const SHORT_SIGNATURE_LENGTH: usize = 8;
const TAMPERED_BY_MINOR: i64 = 100;

/// What eSewa puts into `data`, in its order of keys.
#[derive(Serialize)]
struct Payload<'a> {
    transaction_code: &'a str,
    status: &'a str,
    total_amount: Box<RawValue>,
    transaction_uuid: &'a str,
    product_code: &'a str,
    signed_field_names: &'a str,
    signature: String,
}

/// The URL a payer who paid is sent to. `?data=` is appended as plain text, as eSewa does, so a success
/// URL that has a query ends up with two question marks.
pub(crate) fn paid_return(
    settings: &SandboxSettings,
    payment: &Payment,
    transaction_code: &str,
) -> serde_json::Result<String> {
    let modes = &payment.modes;
    if modes.has(Mode::RedirectToFailureThoughPaid) {
        return Ok(payment.request.failure_url.clone());
    }
    if modes.has(Mode::RedirectBare) {
        return Ok(payment.request.success_url.clone());
    }
    let data = if modes.has(Mode::DataUnreadable) {
        "!not-base64!".to_owned()
    } else {
        encoded_payload(settings, payment, transaction_code)?
    };
    Ok(format!("{}?data={data}", payment.request.success_url))
}

fn encoded_payload(
    settings: &SandboxSettings,
    payment: &Payment,
    transaction_code: &str,
) -> serde_json::Result<String> {
    let modes = &payment.modes;
    let amount = rupee_text(payment.request.amount_minor);
    let product_code = if modes.has(Mode::OtherMerchant) {
        OTHER_PRODUCT_CODE
    } else {
        settings.esewa_product_code.as_str()
    };
    let signed_field_names = if modes.has(Mode::TooFewSignedFields) { TOO_FEW_FIELDS } else { ALL_FIELDS };
    let values = [
        ("transaction_code", transaction_code),
        ("status", "COMPLETE"),
        ("total_amount", amount.as_str()),
        ("transaction_uuid", payment.request.reference.as_str()),
        ("product_code", product_code),
        ("signed_field_names", signed_field_names),
    ];
    let signed: Vec<_> = signed_field_names
        .split(',')
        .filter_map(|name| values.iter().copied().find(|(known, _)| *known == name))
        .collect();
    let payload = Payload {
        transaction_code,
        status: "COMPLETE",
        total_amount: spelled_amount(payment)?,
        transaction_uuid: &payment.request.reference,
        product_code,
        signed_field_names,
        signature: spoiled(sign(&settings.esewa_secret_key, &message(&signed)), payment),
    };
    let json = serde_json::to_string(&payload)?;
    Ok(if modes.has(Mode::DataUrlSafe) { URL_SAFE_NO_PAD.encode(json) } else { STANDARD.encode(json) })
}

fn spelled_amount(payment: &Payment) -> serde_json::Result<Box<RawValue>> {
    let modes = &payment.modes;
    let tampered_by_minor = if modes.has(Mode::RedirectTampersAmount) { TAMPERED_BY_MINOR } else { 0 };
    let amount_minor = payment.request.amount_minor.saturating_add(tampered_by_minor);
    if modes.has(Mode::AmountAsNumber) {
        RawValue::from_string(rupee_text(amount_minor))
    } else if modes.has(Mode::AmountWithComma) {
        to_raw_value(&rupee_text_with_commas(amount_minor))
    } else {
        to_raw_value(&rupee_text(amount_minor))
    }
}

fn spoiled(signature: String, payment: &Payment) -> String {
    if payment.modes.has(Mode::ShortSignature) {
        signature.chars().take(SHORT_SIGNATURE_LENGTH).collect()
    } else if payment.modes.has(Mode::TamperedSignature) {
        let first = if signature.starts_with('A') { 'B' } else { 'A' };
        std::iter::once(first).chain(signature.chars().skip(1)).collect()
    } else {
        signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock, modes::ModeSet, payment::PaymentRequest, provider::Provider};

    fn payment(reference: &str, amount_minor: i64, modes: &[Mode]) -> Payment {
        let request = PaymentRequest {
            provider: Provider::Esewa,
            reference: reference.to_owned(),
            purchase_order_id: None,
            purchase_order_name: None,
            amount_minor,
            success_url: "https://shop.example/success".to_owned(),
            failure_url: "https://shop.example/failure".to_owned(),
            created_at: clock::now(),
            expires_at: clock::now(),
        };
        Payment::new(request, ModeSet { modes: modes.iter().copied().collect(), ..ModeSet::default() })
    }

    fn data(payment: &Payment, code: &str) -> String {
        let url = paid_return(&SandboxSettings::default(), payment, code).unwrap();
        url.strip_prefix("https://shop.example/success?data=").unwrap().to_owned()
    }

    #[test]
    fn data_equals_what_the_real_test_environment_sent() {
        let captured = "eyJ0cmFuc2FjdGlvbl9jb2RlIjoiMDAwNlRZMyIsInN0YXR1cyI6IkNPTVBMRVRFIiwidG90YWxfYW1vdW50IjoiMTMzLjAiLCJ0cmFuc2FjdGlvbl91dWlkIjoiMTIzNDU2Nzg5MCIsInByb2R1Y3RfY29kZSI6IkVQQVlURVNUIiwic2lnbmVkX2ZpZWxkX25hbWVzIjoidHJhbnNhY3Rpb25fY29kZSxzdGF0dXMsdG90YWxfYW1vdW50LHRyYW5zYWN0aW9uX3V1aWQscHJvZHVjdF9jb2RlLHNpZ25lZF9maWVsZF9uYW1lcyIsInNpZ25hdHVyZSI6Ik1GRWNNWi8zMFdWZXphblZaSEg0SDFuSVY4cEd3eXpaeGdndGt5ZTJWWHc9In0=";
        assert_eq!(data(&payment("1234567890", 13_300, &[]), "0006TY3"), captured);
    }

    #[test]
    fn a_capture_whose_signature_contains_a_plus_is_reproduced() {
        let captured = "eyJ0cmFuc2FjdGlvbl9jb2RlIjoiMDAwOVhLMyIsInN0YXR1cyI6IkNPTVBMRVRFIiwidG90YWxfYW1vdW50IjoiNDAwLjAiLCJ0cmFuc2FjdGlvbl91dWlkIjoiTVQxNzQxMzU3MTE5IiwicHJvZHVjdF9jb2RlIjoiRVBBWVRFU1QiLCJzaWduZWRfZmllbGRfbmFtZXMiOiJ0cmFuc2FjdGlvbl9jb2RlLHN0YXR1cyx0b3RhbF9hbW91bnQsdHJhbnNhY3Rpb25fdXVpZCxwcm9kdWN0X2NvZGUsc2lnbmVkX2ZpZWxkX25hbWVzIiwic2lnbmF0dXJlIjoieTJaNEZHVityYjM2OW9VU3JuNE1DVXJSemdwYStURlkzcG9mK09XZXUzOD0ifQ==";
        assert_eq!(data(&payment("MT1741357119", 40_000, &[]), "0009XK3"), captured);
    }

    #[test]
    fn an_amount_as_number_equals_the_documented_example() {
        let documented = "eyJ0cmFuc2FjdGlvbl9jb2RlIjoiMDAwQVdFTyIsInN0YXR1cyI6IkNPTVBMRVRFIiwidG90YWxfYW1vdW50IjoxMDAwLjAsInRyYW5zYWN0aW9uX3V1aWQiOiIyNTA2MTAtMTYyNDEzIiwicHJvZHVjdF9jb2RlIjoiRVBBWVRFU1QiLCJzaWduZWRfZmllbGRfbmFtZXMiOiJ0cmFuc2FjdGlvbl9jb2RlLHN0YXR1cyx0b3RhbF9hbW91bnQsdHJhbnNhY3Rpb25fdXVpZCxwcm9kdWN0X2NvZGUsc2lnbmVkX2ZpZWxkX25hbWVzIiwic2lnbmF0dXJlIjoiNjJHY2ZaVG1Wa3podFVlaCtRSjFBcWlKcmpvV1dHb2YzVStlVFBUWjdmQT0ifQ==";
        assert_eq!(data(&payment("250610-162413", 100_000, &[Mode::AmountAsNumber]), "000AWEO"), documented);
    }

    #[test]
    fn an_amount_with_comma_equals_a_capture_of_2024() {
        let captured = "eyJ0cmFuc2FjdGlvbl9jb2RlIjoiMDAwOTRHUyIsInN0YXR1cyI6IkNPTVBMRVRFIiwidG90YWxfYW1vdW50IjoiMiw3MDAuMCIsInRyYW5zYWN0aW9uX3V1aWQiOiIxNzMzMTMzMzk5MzIxLTNjNzA5YWY3LTIzYjktNDA4My1iODljLTFhNmQ1MDQ4MDAwNCIsInByb2R1Y3RfY29kZSI6IkVQQVlURVNUIiwic2lnbmVkX2ZpZWxkX25hbWVzIjoidHJhbnNhY3Rpb25fY29kZSxzdGF0dXMsdG90YWxfYW1vdW50LHRyYW5zYWN0aW9uX3V1aWQscHJvZHVjdF9jb2RlLHNpZ25lZF9maWVsZF9uYW1lcyIsInNpZ25hdHVyZSI6Imd6dmxYWXcxT2U2cmgwVy85aWZoZGtLZnhyRXlXSEl0ZExXMWZUNWtPNEk9In0=";
        let payment =
            payment("1733133399321-3c709af7-23b9-4083-b89c-1a6d50480004", 270_000, &[Mode::AmountWithComma]);
        assert_eq!(data(&payment, "00094GS"), captured);
    }
}
