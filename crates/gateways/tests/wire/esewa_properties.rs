use base64::{Engine, engine::general_purpose::STANDARD};
use domain::money::{paisa_from_rupees, rupees_from_paisa};
use gateways::esewa::{Expected, Return, ReturnError, VerifiedReturn};
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    esewa_form::{esewa, started_fields},
    signed::{Draft, SANDBOX_KEY, signature},
};

const REFERENCE: &str = "pi-esewa-0123456789abcdefghjkmnpqrs";
const AMOUNT_MINOR_MAX: i64 = 100_000_000_000;

fn verify(data: &str, amount_minor: i64) -> Result<VerifiedReturn, ReturnError> {
    let expected = Expected { gateway_reference: REFERENCE, amount_minor };
    esewa().verify_return(&Return::from_data(data)?, expected)
}

/// Every way in which a gateway might write an amount: decimals, none, trailing zeros, thousands commas.
fn spelling() -> impl Strategy<Value = (i64, String)> {
    (1..AMOUNT_MINOR_MAX, 0..4_usize, any::<bool>()).prop_map(|(amount_minor, zeros, grouped)| {
        let shortest = rupees_from_paisa(amount_minor);
        let (whole, fraction) = shortest.split_once('.').unwrap_or((&shortest, ""));
        let digits: Vec<char> = whole.chars().collect();
        let groups: Vec<String> = digits.rchunks(3).rev().map(|group| group.iter().collect()).collect();
        let whole = if grouped { groups.join(",") } else { whole.to_owned() };
        let fraction = format!("{fraction}{}", "0".repeat(zeros));
        let text = if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") };
        (amount_minor, text)
    })
}

proptest! {
    #[test]
    fn rupees_and_paisa_are_each_others_inverse(amount_minor in 0..i64::MAX) {
        prop_assert_eq!(paisa_from_rupees(&rupees_from_paisa(amount_minor)), Ok(amount_minor));
    }

    #[test]
    fn one_amount_has_one_spelling(rupees in 0..1_000_000_000_u32, paisa in 0..100_u32) {
        let text = format!("{rupees}.{paisa:02}");
        let shortest = rupees_from_paisa(paisa_from_rupees(&text).unwrap());
        let expected = text.trim_end_matches('0').trim_end_matches('.');
        prop_assert_eq!(shortest, expected);
    }

    #[test]
    fn any_accepted_spelling_verifies_to_its_paisa((amount_minor, literal) in spelling(), comma_signed: bool) {
        let signed = if comma_signed { literal.clone() } else { literal.replace(',', "") };
        let draft = Draft { total_amount_json: format!("\"{literal}\""), ..Draft::new(REFERENCE, &signed) };
        let verified = verify(&draft.data(SANDBOX_KEY), amount_minor);
        prop_assert_eq!(verified.map(|verified| verified.amount_minor), Ok(amount_minor));
    }

    #[test]
    fn a_number_verifies_by_its_literal((amount_minor, literal) in spelling()) {
        let literal = literal.replace(',', "");
        let draft = Draft { total_amount_json: literal.clone(), ..Draft::new(REFERENCE, &literal) };
        let verified = verify(&draft.data(SANDBOX_KEY), amount_minor);
        prop_assert_eq!(verified.map(|verified| verified.amount_minor), Ok(amount_minor));
    }

    #[test]
    fn any_single_field_tampered_with_is_refused(
        (amount_minor, literal) in spelling(),
        field in 0..7_usize,
        tampered in "[A-Za-z0-9.,_+/=-]{1,40}",
    ) {
        let names = [
            "transaction_code", "status", "total_amount", "transaction_uuid", "product_code",
            "signed_field_names", "signature",
        ];
        let genuine = Draft::new(REFERENCE, &literal).json(SANDBOX_KEY);
        let mut fields: serde_json::Map<String, Value> = serde_json::from_str(&genuine).unwrap();
        let before = fields.insert(names[field].to_owned(), Value::from(tampered.clone())).unwrap();
        // Commas in the amount are the one thing that is not signed.
        let plain = |text: &str| text.replace(',', "");
        prop_assume!(before.as_str().map(plain) != Some(plain(&tampered)));
        let data = STANDARD.encode(serde_json::to_string(&fields).unwrap());
        prop_assert!(verify(&data, amount_minor).is_err(), "{} = {}", names[field], tampered);
    }

    #[test]
    fn no_data_whatever_makes_a_panic(data in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(verify(&data, 100).is_err());
        prop_assert!(verify(&STANDARD.encode(bytes), 100).is_err());
        let found = Return::from_query(&format!("data={data}"));
        prop_assert!(!matches!(found, Ok(None)));
    }

    #[test]
    fn the_form_posts_the_very_text_it_signs(amount_minor in 100..AMOUNT_MINOR_MAX) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let fields = runtime.block_on(started_fields(REFERENCE, amount_minor));
        let field = |name: &str| fields.iter().find(|(found, _)| found == name).unwrap().1.as_str();
        let listed = field("signed_field_names").split(',');
        let pairs: Vec<_> = listed.map(|name| format!("{name}={}", field(name))).collect();
        prop_assert_eq!(signature(SANDBOX_KEY, &pairs.join(",")), field("signature"));
        let parts = ["amount", "tax_amount", "product_service_charge", "product_delivery_charge"];
        let sum: i64 = parts.iter().map(|name| paisa_from_rupees(field(name)).unwrap()).sum();
        prop_assert_eq!(sum, amount_minor);
        prop_assert_eq!(paisa_from_rupees(field("total_amount")), Ok(amount_minor));
    }
}
