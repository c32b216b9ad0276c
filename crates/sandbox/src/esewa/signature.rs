use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Joins `name=value` pairs with commas: the text eSewa signs.
pub(super) fn message(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

/// Base64 of HMAC-SHA256 over the message, keyed by the plain text of the merchant's key.
pub(super) fn sign(secret_key: &str, message: &str) -> String {
    STANDARD.encode(digest(secret_key, message).finalize().into_bytes())
}

/// Compares in constant time; text that is no base64 or of another length is simply wrong.
pub(super) fn verify(secret_key: &str, message: &str, signature: &str) -> bool {
    STANDARD
        .decode(signature)
        .is_ok_and(|received| digest(secret_key, message).verify_slice(&received).is_ok())
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length, so the error cannot occur")]
fn digest(secret_key: &str, message: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret_key.as_bytes()).expect("HMAC accepts any key length");
    mac.update(message.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "8gBm/:&EnhH.1/q";

    #[test]
    fn requests_are_signed_like_the_published_example() {
        let published =
            message(&[("total_amount", "110"), ("transaction_uuid", "241028"), ("product_code", "EPAYTEST")]);
        assert_eq!(published, "total_amount=110,transaction_uuid=241028,product_code=EPAYTEST");
        assert_eq!(sign(KEY, &published), "i94zsd3oXF6ZsSr/kGqT4sSzYQzjj1W/waxjWyRwaME=");
    }

    #[test]
    fn the_text_of_the_amount_decides_the_signature() {
        for (amount, signature) in [
            ("100", "5DZywcrTKD0gia/rsSMcrRHmJl+4Tbol6S+lWgdJ94E="),
            ("100.0", "XIqxNGkNIN722ghqN1ayU5AEcFJ/Wf5klQc+85dp95g="),
            ("100.00", "vz+3Nj4iiCfZVp9qP+GPC72gGh5uXmUzxs71GVq98mI="),
        ] {
            let text = message(&[
                ("total_amount", amount),
                ("transaction_uuid", "11-201-13"),
                ("product_code", "EPAYTEST"),
            ]);
            assert!(verify(KEY, &text, signature), "{amount}");
        }
    }

    #[test]
    fn broken_signatures_are_wrong_and_not_errors() {
        for signature in ["", "?", "AAAA", "4Ov7pCI1zIOdwtV2BRMUNjz1upIlT/COTxfLhWvVurE="] {
            assert!(!verify(
                KEY,
                "total_amount=100,transaction_uuid=11-201-13,product_code=EPAYTEST",
                signature
            ));
        }
    }
}
