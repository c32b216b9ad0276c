use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use gateways::esewa::{DATA_BYTES_MAX, Esewa, EsewaSettings, Expected, Return, ReturnError, VerifiedReturn};

use crate::{
    esewa_form::{esewa, settings},
    fake::{PATIENCE, client},
    signed::{Draft, SANDBOX_KEY},
};

const REFERENCE: &str = "pi-esewa-0123456789abcdefghjkmnpqrs";
const EXPECTED: Expected<'static> = Expected { gateway_reference: REFERENCE, amount_minor: 13_300 };

fn verify(data: &str) -> Result<VerifiedReturn, ReturnError> {
    esewa().verify_return(&Return::from_data(data)?, EXPECTED)
}

fn draft() -> Draft {
    Draft::new(REFERENCE, "133.0")
}

#[test]
fn amounts_verify_in_every_spelling_that_was_seen() {
    for (signed, json) in [
        ("133.0", "\"133.0\""),
        ("133.0", "133.0"),
        ("133", "\"133\""),
        ("133", "133"),
        ("133.00", "133.00"),
        ("133.0", "\"1,33.0\""),
        ("1,33.0", "\"1,33.0\""),
    ] {
        let draft = Draft { total_amount: signed.to_owned(), total_amount_json: json.to_owned(), ..draft() };
        let verified = verify(&draft.data(SANDBOX_KEY));
        assert_eq!(verified.map(|verified| verified.amount_minor), Ok(13_300), "{signed} as {json}");
    }
}

#[test]
fn a_number_is_verified_as_it_was_written_and_not_as_it_would_be_printed() {
    let draft = Draft { total_amount: "133".to_owned(), total_amount_json: "133.0".to_owned(), ..draft() };
    assert_eq!(verify(&draft.data(SANDBOX_KEY)), Err(ReturnError::WrongSignature));
}

#[test]
fn what_transport_does_to_base64_is_repaired() {
    // This status makes the outer base64 contain both letters that alphabets disagree on.
    let awkward = Draft { status: "~~~>>>???~~>>??~>?".to_owned(), ..draft() };
    let data = awkward.data(SANDBOX_KEY);
    assert!(data.contains('+') && data.contains('/'), "{data}");
    let json = awkward.json(SANDBOX_KEY);
    for repaired in [
        data.clone(),
        data.replace('+', " "),
        data.trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(&json),
        base64::engine::general_purpose::URL_SAFE.encode(&json),
        format!("  {data}\n"),
    ] {
        assert_eq!(verify(&repaired).unwrap().status, awkward.status, "{repaired}");
    }
}

#[test]
fn data_is_found_behind_a_second_question_mark() {
    let data = draft().data(SANDBOX_KEY);
    let encoded: String = url::form_urlencoded::byte_serialize(data.as_bytes()).collect();
    for query in [
        format!("data={data}"),
        format!("data={encoded}"),
        format!("q=su?data={data}"),
        format!("a=b&package_id=8?data={encoded}"),
        format!("data=&data={data}"),
        format!("?data={data}"),
    ] {
        let returned = Return::from_query(&query).unwrap().unwrap();
        assert_eq!(returned.transaction_uuid().as_deref(), Some(REFERENCE), "{query}");
        assert!(esewa().verify_return(&returned, EXPECTED).is_ok(), "{query}");
    }
}

#[test]
fn a_query_without_data_is_a_bare_redirect_and_no_error() {
    for query in ["", "q=su", "?", "xdata=abc", "transaction_uuid=pi-esewa-1"] {
        assert!(Return::from_query(query).unwrap().is_none(), "{query}");
    }
}

#[test]
fn garbage_in_data_is_refused_by_name() {
    let base64 = |text: &str| STANDARD.encode(text);
    for (data, reason) in [
        (String::new(), ReturnError::Empty),
        (" == ".to_owned(), ReturnError::Empty),
        ("%%%".to_owned(), ReturnError::NotBase64),
        ("a".to_owned(), ReturnError::NotBase64),
        ("é".to_owned(), ReturnError::NotBase64),
        (base64("not json"), ReturnError::NotAnObject),
        (base64("[]"), ReturnError::NotAnObject),
        (base64("null"), ReturnError::NotAnObject),
        (base64("{\"status\":\"COMPLETE\""), ReturnError::NotAnObject),
        (base64(&"[".repeat(5_000)), ReturnError::NotAnObject),
        ("A".repeat(DATA_BYTES_MAX + 1), ReturnError::TooLong),
    ] {
        assert_eq!(verify(&data), Err(reason), "{}", &data[..data.len().min(40)]);
    }
}

#[test]
fn a_missing_field_is_named() {
    for name in ["signature", "total_amount", "signed_field_names", "product_code", "transaction_uuid"] {
        let json = draft().json(SANDBOX_KEY).replace(&format!("\"{name}\":"), "\"x\":");
        let missing = ReturnError::Missing { field: name.to_owned() };
        assert_eq!(verify(&STANDARD.encode(json)), Err(missing));
    }
    let json = draft().json(SANDBOX_KEY).replace("\"COMPLETE\"", "null");
    assert_eq!(verify(&STANDARD.encode(json)), Err(ReturnError::Missing { field: "status".to_owned() }));
    let extra = draft().json(SANDBOX_KEY).replace("signed_field_names\"}", "signed_field_names,nothing\"}");
    let extra = extra.replace(",signed_field_names\",", ",signed_field_names,nothing\",");
    assert_eq!(verify(&STANDARD.encode(extra)), Err(ReturnError::Missing { field: "nothing".to_owned() }));
}

#[test]
fn a_signature_that_covers_too_little_is_refused_although_it_is_genuine() {
    for field in ["transaction_uuid", "total_amount", "product_code", "status", "transaction_code"] {
        let all = ["transaction_code", "status", "total_amount", "transaction_uuid", "product_code"];
        let covered: Vec<_> = all.into_iter().filter(|name| *name != field).collect();
        let draft = Draft { signed_field_names: covered.join(","), ..draft() };
        assert_eq!(verify(&draft.data(SANDBOX_KEY)), Err(ReturnError::NotCovered { field }));
    }
}

#[test]
fn a_signature_that_is_no_digest_is_wrong_and_not_a_panic() {
    let genuine = draft().json(SANDBOX_KEY);
    let (head, _) = genuine.split_once("\"signature\":\"").unwrap();
    let digest = STANDARD.encode([0; 32]);
    for signature in ["x", "AA==", "????", &STANDARD.encode([0; 31]), &STANDARD.encode([0; 33]), &digest] {
        let data = STANDARD.encode(format!("{head}\"signature\":\"{signature}\"}}"));
        assert_eq!(verify(&data), Err(ReturnError::WrongSignature), "{signature}");
    }
}

#[test]
fn another_merchants_genuine_return_is_refused() {
    let foreign = Draft { product_code: "NP-ES-OTHER".to_owned(), ..draft() };
    assert_eq!(verify(&foreign.data(SANDBOX_KEY)), Err(ReturnError::OtherMerchant));
    assert_eq!(verify(&draft().data("another merchant's key")), Err(ReturnError::WrongSignature));
}

#[test]
fn another_intents_genuine_return_is_refused() {
    let foreign = Draft { transaction_uuid: "pi-esewa-other".to_owned(), ..draft() };
    assert_eq!(verify(&foreign.data(SANDBOX_KEY)), Err(ReturnError::OtherPayment));
}

#[test]
fn a_signed_amount_that_is_not_plain_rupees_is_refused() {
    for literal in ["1.33e2", "-133.0", "133.001", "one", "99999999999999999999"] {
        let refused = verify(&Draft::new(REFERENCE, literal).data(SANDBOX_KEY));
        assert_eq!(refused, Err(ReturnError::NotAnAmount { literal: literal.to_owned() }));
    }
}

/// The request's signature is public: it stands in the shopper's own form.
#[test]
fn the_forms_own_signature_is_no_return() {
    let replayed = Draft {
        signed_field_names: "total_amount,transaction_uuid,product_code".to_owned(),
        total_amount: "133".to_owned(),
        total_amount_json: "\"133\"".to_owned(),
        ..draft()
    };
    let refused = verify(&replayed.data(SANDBOX_KEY));
    assert_eq!(refused, Err(ReturnError::NotCovered { field: "status" }));
}

#[test]
fn the_key_before_a_rotation_still_verifies_and_no_longer_signs() {
    let rotated = EsewaSettings {
        secret_key: "the next key".into(),
        previous_secret_key: Some(SANDBOX_KEY.into()),
        ..settings()
    };
    let gateway = Esewa::new(rotated, client(PATIENCE)).unwrap();
    for key in [SANDBOX_KEY, "the next key"] {
        let returned = Return::from_data(&draft().data(key)).unwrap();
        assert!(gateway.verify_return(&returned, EXPECTED).is_ok(), "{key}");
    }
    let returned = Return::from_data(&draft().data("neither")).unwrap();
    assert_eq!(gateway.verify_return(&returned, EXPECTED), Err(ReturnError::WrongSignature));
}
