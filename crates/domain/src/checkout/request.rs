use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::CreateIntentError;
use crate::payments::gateway::Provider;

/// A shopper's wish to pay for the cart.
#[derive(Debug, Clone)]
pub struct CreateIntent {
    pub user_id: String,
    /// 1 to 255 visible ASCII characters, checked by the caller.
    pub idempotency_key: String,
    pub provider: Provider,
    /// The version of the cart that the shopper saw.
    pub cart_version: i64,
    pub shipping_address: ShippingAddress,
}

/// Where the order goes. Stored as it is, blanks at the ends of fields excepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingAddress {
    pub full_name: String,
    pub phone: String,
    pub line1: String,
    pub line2: Option<String>,
    pub city: String,
    pub province: String,
    pub country: String,
}

/// One field that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    pub field: &'static str,
    pub message: String,
}

/// A request whose every field is within its bounds.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) user_id: String,
    pub(super) idempotency_key: String,
    pub(super) provider: Provider,
    pub(super) cart_version: i64,
    pub(super) shipping_address: ShippingAddress,
    /// Of everything but the user and the key.
    pub(super) digest: [u8; 32],
}

impl Request {
    pub(super) fn checked(command: CreateIntent) -> Result<Self, CreateIntentError> {
        let shipping_address = trimmed(command.shipping_address);
        let mut problems = problems_of(&shipping_address);
        if command.cart_version < 1 {
            problems.push(FieldProblem { field: "cart_version", message: "must be at least 1".to_owned() });
        }
        if !problems.is_empty() {
            return Err(CreateIntentError::Invalid(problems));
        }
        let said = (command.provider.as_str(), command.cart_version, &shipping_address);
        let digest = Sha256::digest(serde_json::to_vec(&said)?).into();
        Ok(Self {
            user_id: command.user_id,
            idempotency_key: command.idempotency_key,
            provider: command.provider,
            cart_version: command.cart_version,
            shipping_address,
            digest,
        })
    }
}

fn trimmed(address: ShippingAddress) -> ShippingAddress {
    let trim = |text: String| text.trim().to_owned();
    ShippingAddress {
        full_name: trim(address.full_name),
        phone: trim(address.phone),
        line1: trim(address.line1),
        line2: address.line2.map(trim).filter(|line| !line.is_empty()),
        city: trim(address.city),
        province: trim(address.province),
        country: trim(address.country),
    }
}

fn problems_of(address: &ShippingAddress) -> Vec<FieldProblem> {
    let line2 = address.line2.as_deref().map(|line| ("shipping_address.line2", line, 200));
    let texts = [
        ("shipping_address.full_name", address.full_name.as_str(), 100),
        ("shipping_address.line1", &address.line1, 200),
        ("shipping_address.city", &address.city, 100),
        ("shipping_address.province", &address.province, 100),
        ("shipping_address.country", &address.country, 100),
    ];
    let mut problems: Vec<FieldProblem> = texts
        .into_iter()
        .chain(line2)
        .filter(|(_, text, chars_max)| {
            !(1..=*chars_max).contains(&text.chars().count()) || text.chars().any(char::is_control)
        })
        .map(|(field, _, chars_max)| FieldProblem {
            field,
            message: format!("must be 1 to {chars_max} characters without line breaks"),
        })
        .collect();
    if !is_phone(&address.phone) {
        let message =
            "must be 7 to 15 digits; +, -, blanks and parentheses may stand between them".to_owned();
        problems.push(FieldProblem { field: "shipping_address.phone", message });
    }
    problems
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_dialled = |byte: u8| byte.is_ascii_digit() || b"+- ()".contains(&byte);
    (7..=15).contains(&digits) && text.len() <= 30 && text.bytes().all(is_dialled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> CreateIntent {
        CreateIntent {
            user_id: "u".to_owned(),
            idempotency_key: "k".to_owned(),
            provider: Provider::Esewa,
            cart_version: 3,
            shipping_address: ShippingAddress {
                full_name: "Sita Rai".to_owned(),
                phone: "+977 980-0000000".to_owned(),
                line1: "Ward 4".to_owned(),
                line2: None,
                city: "Pokhara".to_owned(),
                province: "Gandaki".to_owned(),
                country: "Nepal".to_owned(),
            },
        }
    }

    #[test]
    fn the_digest_is_of_what_was_said_and_not_of_how() {
        let digest = |change: fn(&mut CreateIntent)| {
            let mut command = command();
            change(&mut command);
            Request::checked(command).unwrap().digest
        };
        let plain = digest(|_| {});
        assert_eq!(plain, digest(|command| command.shipping_address.city.push(' ')));
        assert_eq!(plain, digest(|command| command.idempotency_key = "other".to_owned()));
        assert_ne!(plain, digest(|command| command.cart_version = 4));
        assert_ne!(plain, digest(|command| command.provider = Provider::Khalti));
        assert_ne!(plain, digest(|command| command.shipping_address.line2 = Some("left".to_owned())));
    }

    #[test]
    fn every_broken_field_is_named() {
        let mut command = command();
        command.cart_version = 0;
        command.shipping_address.phone = "call me".to_owned();
        command.shipping_address.city = "  ".to_owned();
        command.shipping_address.full_name = "Sita\nRai".to_owned();
        let Err(CreateIntentError::Invalid(problems)) = Request::checked(command) else { panic!("accepted") };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field).collect();
        let expected =
            ["shipping_address.full_name", "shipping_address.city", "shipping_address.phone", "cart_version"];
        assert_eq!(fields, expected);
    }
}
